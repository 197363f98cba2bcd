import { entries } from "../entry.js";

/** What the host lacks, and the ways in which Bulkhead's own parts can be lost. */
export const hostCodes = entries({
  HOST_UNSUPPORTED: {
    fault: "system",
    cause: "this host lacks something that Bulkhead cannot do without",
    remedy: "Use Linux 5.13 or later on x86-64 or aarch64. `bulkhead doctor` shows what was found.",
  },
  APPARMOR_PARSER_MISSING: {
    fault: "system",
    cause:
      "an AppArmor profile cannot be made: the distribution's parser, or its list of what kernels know, is not there",
    remedy: "Install it (`apt-get install apparmor`), or leave `apparmor: generated` out of the policy.",
  },
  SETUP_MISSING: {
    fault: "system",
    cause: "a part of Bulkhead is not there",
    remedy:
      "Run `./bulkhead setup` in the checkout, or reinstall the package. Where a bundler moved the code, set BULKHEAD_PACKAGE to the package's directory.",
  },
  BROKER_UNAVAILABLE: {
    fault: "system",
    cause: "the broker could not be reached or started",
    remedy: "Check BULKHEAD_BROKER and that the broker's service runs, or unset it to use a private broker.",
  },
  BROKER_LOST: {
    fault: "system",
    cause: "the broker ended, and with it every sandbox that it made",
    remedy: "Start again. If it happens again, look at the broker's last words on stderr or in its journal.",
  },
  HELPER_FAILED: {
    fault: "system",
    cause: "a helper process could not be confined, or did not do what it is for",
    remedy:
      "See the operation and detail. Nothing that it said was used. If it happens again with the same registry, archive or guest, treat that as hostile.",
  },
  HELPER_LOST: {
    fault: "system",
    cause: "a helper process ended, and with it what it was doing",
    remedy: "Start again. If it happens again, see the detail: its last words, or the signal that ended it.",
  },
  CALLER_REFUSED: {
    fault: "user",
    cause: "the broker does not serve this user",
    remedy: "Ask its owner to start it with `--allow-uid` for this uid.",
  },
  SESSION_UNKNOWN: {
    fault: "system",
    cause: "the broker does not know the session of this launch",
    remedy: "Start again: the control connection of the session has ended.",
  },
  LIMIT_ABOVE_MAXIMUM: {
    fault: "user",
    cause: "a limit is above what the broker's owner allows",
    remedy: "Lower the named limit in `resources`; limits can only be lowered.",
  },
  LIMIT_UNAVAILABLE: {
    fault: "user",
    cause: "this host cannot give a limit that the policy asks for",
    remedy:
      "Lower the named field of `resources`, or raise the limit named where the broker is started (`ulimit`, `LimitNOFILE=`).",
  },
  TOO_MANY_SANDBOXES: {
    fault: "user",
    cause: "as many sandboxes as the broker's owner allows are alive already",
    remedy: "End some first, or ask the owner for more.",
  },
  UID_RANGE_EXHAUSTED: {
    fault: "system",
    cause: "every uid range is taken by a live sandbox",
    remedy: "End some sandboxes first.",
  },
  KERNEL_UNAVAILABLE: {
    fault: "system",
    cause: "there is no kernel for microVMs to start with",
    remedy:
      "Run `./bulkhead setup microvm` once with a network, or choose one that is there with `bulkhead kernel use`.",
  },
});

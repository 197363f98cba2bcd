import { entries } from "../entry.js";

/** Features the host lacks, and Bulkhead processes that fail or end. */
export const hostCodes = entries({
  HOST_UNSUPPORTED: {
    fault: "system",
    cause: "this host lacks a feature that Bulkhead requires",
    remedy: "Use Linux 5.13 or later on x86-64 or aarch64. Run `bulkhead doctor` for what this host has.",
  },
  APPARMOR_PARSER_MISSING: {
    fault: "system",
    cause: "no AppArmor profile can be compiled: `apparmor_parser` or its features file is missing",
    remedy: "Install them (`apt-get install apparmor`), or leave `apparmor: generated` out of the policy.",
  },
  SETUP_MISSING: {
    fault: "system",
    cause: "a part of Bulkhead is missing",
    remedy:
      "Run `./bulkhead setup` in the checkout, or reinstall the package. If a bundler moved the code, set BULKHEAD_PACKAGE to the package's directory.",
  },
  PLATFORM_UNSUPPORTED: {
    fault: "system",
    cause: "Bulkhead runs sandboxes on Linux only, and has no programs for this operating system or processor",
    remedy:
      "Install Bulkhead on a Linux machine (a virtual machine or a remote host will do) and run your program there.",
  },
  INSTALLATION_ALTERED: {
    fault: "system",
    cause: "a file of the installation is not the one that this build of the library belongs to; it has not been run",
    remedy:
      "Remove the packages bulkhead and @bulkhead/* and install both again in one version from a source that you trust.",
  },
  INSTALLATION_UNTRUSTED: {
    fault: "system",
    cause: "another user could replace the programs that Bulkhead runs with your rights",
    remedy:
      "Correct the owner or mode of the path, or set BULKHEAD_PROGRAMS to a directory that only you and root can write to.",
  },
  BROKER_UNAVAILABLE: {
    fault: "system",
    cause: "the library could not reach or start the broker",
    remedy: "Check BULKHEAD_BROKER and that the broker's service runs, or unset it to use a private broker.",
  },
  BROKER_INCOMPATIBLE: {
    fault: "system",
    cause: "the broker and the library come from versions of Bulkhead that do not work together",
    remedy:
      "Install one version of both, then restart the broker; `bulkhead version` prints the library's, and the detail names the broker's.",
  },
  BROKER_LOST: {
    fault: "system",
    cause: "the broker ended, and every sandbox it created ended with it",
    remedy: "Start again. If it recurs, read the broker's last messages on stderr or in its journal.",
  },
  HELPER_FAILED: {
    fault: "system",
    cause: "a helper process could not be confined, or failed at its task",
    remedy:
      "Check the operation and detail; Bulkhead used nothing the helper answered. If it recurs with the same registry, archive or guest, treat that one as hostile.",
  },
  HELPER_LOST: {
    fault: "system",
    cause: "a helper process ended before its task did",
    remedy: "Start again. If it recurs, read the detail: the helper's last message, or the signal that ended it.",
  },
  CALLER_REFUSED: {
    fault: "user",
    cause: "the broker does not serve this user",
    remedy:
      "Ask the broker's owner to start it with `--allow-uid` for this uid, or to add this user to a group that it serves.",
  },
  SESSION_UNKNOWN: {
    fault: "system",
    cause: "the broker does not know the session of this launch",
    remedy: "Start again: the control connection of the session has ended.",
  },
  LIMIT_ABOVE_MAXIMUM: {
    fault: "user",
    cause: "a limit is above what the broker's owner allows",
    remedy: "Lower the limit named in `resources`; a policy can lower the broker's limits but not raise them.",
  },
  LIMIT_UNAVAILABLE: {
    fault: "user",
    cause: "this host cannot provide a limit that the policy asks for",
    remedy:
      "Lower the named field of `resources`, or raise the limit where you start the broker (`ulimit`, `LimitNOFILE=`).",
  },
  TOO_MANY_SANDBOXES: {
    fault: "user",
    cause: "the number of live sandboxes has reached the maximum that the broker's owner set",
    remedy: "End some sandboxes first, or ask the owner to raise the maximum.",
  },
  UID_RANGE_EXHAUSTED: {
    fault: "system",
    cause: "live sandboxes use every uid range",
    remedy: "End some sandboxes first.",
  },
  KERNEL_UNAVAILABLE: {
    fault: "system",
    cause: "no kernel for microVMs is installed",
    remedy:
      "Run `bulkhead kernel fetch` once with a network (in a checkout `./bulkhead setup microvm` does), or choose an installed kernel with `bulkhead kernel use`.",
  },
});

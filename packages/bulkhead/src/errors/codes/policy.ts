import { entries } from "../entry.js";

/** What the caller asked for cannot be understood, or cannot be done here. */
export const policyCodes = entries({
  SECRET_UNAVAILABLE: {
    fault: "user",
    cause: "a secret of the policy cannot be had, so nothing was started",
    remedy: "Set the variable or file that `secrets` names; a value has 8 to 8192 visible characters.",
  },
  POLICY_INVALID: {
    fault: "user",
    cause: "the policy is not valid",
    remedy: "Fix each field listed. `policy.schema.json` of the package describes them all.",
  },
  POLICY_UNREADABLE: {
    fault: "user",
    cause: "the policy file cannot be read",
    remedy: "Name an existing file of at most 256 KiB that you may read.",
  },
  POLICY_SYNTAX: {
    fault: "user",
    cause: "the policy file is neither YAML nor JSON",
    remedy: "Correct it at the line and column named; a field and its value are written as `name: value`.",
  },
  PATH_UNUSABLE: {
    fault: "user",
    cause: "a path of this machine could not be used",
    remedy: "Check that the path exists, that it is of the kind needed, and that you may use it.",
  },
  ARGUMENT_INVALID: {
    fault: "user",
    cause: "a function of the library was called with what it does not take, so nothing was started",
    remedy: "Correct each argument named, as the line says.",
  },
  CALLBACK_FAILED: {
    fault: "user",
    cause: "a function that the caller gave threw or rejected, so what it belongs to was ended",
    remedy: "Correct the function named: `cause` is what it threw. Catch inside of it what shall not end the sandbox.",
  },
  STREAM_FAILED: {
    fault: "user",
    cause: "a stream that the caller gave failed, or closed before its end, so what it belongs to was ended",
    remedy:
      "See `cause`. End a source in order when there is no more, and keep a sink open until the program has ended.",
  },
  USAGE: {
    fault: "user",
    cause: "the command line is not valid",
    remedy: "See `bulkhead help` and `bulkhead help COMMAND`.",
  },
  UNSUPPORTED: {
    fault: "user",
    cause: "Bulkhead does not do this yet, and will not do less than asked in silence",
    remedy: "Leave the named field out, or use a version of Bulkhead that has it.",
  },
  LEVEL_UNAVAILABLE: {
    fault: "user",
    cause: "this host cannot give the level that was asked for",
    remedy: "Install or enable what is named (`bulkhead doctor` says how), or choose another level knowingly.",
  },
  REQUIREMENT_UNMET: {
    fault: "user",
    cause: "a protection that the policy requires cannot be enforced here, so nothing was started",
    remedy: "Enable what is named (`bulkhead doctor` says how), or drop it from `require` knowingly.",
  },
  ROOT_INVALID: {
    fault: "user",
    cause: "this root cannot be used as a sandbox's root directory",
    remedy: "Name an existing directory other than / that you may read, `base`, `host`, or an image.",
  },
  FILES_INVALID: {
    fault: "user",
    cause: "a host path in `files` cannot be mounted",
    remedy: "Name an existing file or directory that you may read (and own, to write to it).",
  },
  PROFILE_INVALID: {
    fault: "user",
    cause: "the seccomp profile cannot be used, or not exactly as it is written",
    remedy: "Fix each line listed. `bulkhead profile export default` prints one to start from.",
  },
  USER_UNKNOWN: {
    fault: "user",
    cause: "the root has no such user",
    remedy: "Name a user of the root's /etc/passwd, or give numbers as uid:gid.",
  },
  USER_OUT_OF_RANGE: {
    fault: "user",
    cause: "the user has a number above those of a sandbox (0 to 65534)",
    remedy: "Choose another user: `user` in the policy, `--user` on the command line, such as `--user 1000:1000`.",
  },
});

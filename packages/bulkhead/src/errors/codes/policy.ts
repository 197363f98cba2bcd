import { entries } from "../entry.js";

/** Requests that Bulkhead cannot understand, or cannot carry out on this host. */
export const policyCodes = entries({
  SECRET_UNAVAILABLE: {
    fault: "user",
    cause: "a secret in the policy is unavailable, so nothing was started",
    remedy: "Set the variable or file that `secrets` names; the value must have 8 to 8192 visible characters.",
  },
  POLICY_INVALID: {
    fault: "user",
    cause: "the policy is not valid",
    remedy: "Fix each field listed. The package's `policy.schema.json` describes every field.",
  },
  POLICY_UNREADABLE: {
    fault: "user",
    cause: "the policy file cannot be read",
    remedy: "Name an existing file of at most 256 KiB that you may read.",
  },
  POLICY_SYNTAX: {
    fault: "user",
    cause: "the policy file is neither YAML nor JSON",
    remedy: "Fix it at the line and column named; write a field and its value as `name: value`.",
  },
  PATH_UNUSABLE: {
    fault: "user",
    cause: "a path on this host could not be used",
    remedy: "Check that the path exists, that it has the right file type, and that you have permission to use it.",
  },
  ARGUMENT_INVALID: {
    fault: "user",
    cause: "a library function was called with an invalid argument, so nothing was started",
    remedy: "Fix each argument listed.",
  },
  CALLBACK_FAILED: {
    fault: "user",
    cause: "a callback threw or rejected, so Bulkhead ended the operation it belongs to",
    remedy:
      "Fix the callback named; `cause` holds what it threw. Catch errors inside it that must not end the sandbox.",
  },
  STREAM_FAILED: {
    fault: "user",
    cause: "a caller's stream failed, or closed before its end, so Bulkhead ended the operation it belongs to",
    remedy:
      "Check `cause`. End a source in order when it has no more data, and keep a sink open until the program has ended.",
  },
  USAGE: {
    fault: "user",
    cause: "the command line is not valid",
    remedy: "See `bulkhead help` and `bulkhead help COMMAND`.",
  },
  UNSUPPORTED: {
    fault: "user",
    cause: "not supported yet; Bulkhead refuses rather than silently doing less",
    remedy: "Remove the field named, or use a version of Bulkhead that supports it.",
  },
  LEVEL_UNAVAILABLE: {
    fault: "user",
    cause: "this host cannot provide the requested level",
    remedy: "Install or enable the feature named (`bulkhead doctor` says how), or choose another level knowingly.",
  },
  REQUIREMENT_UNMET: {
    fault: "user",
    cause: "a protection that the policy requires cannot be enforced here, so nothing was started",
    remedy: "Enable the protection named (`bulkhead doctor` says how), or remove it from `require` knowingly.",
  },
  ROOT_INVALID: {
    fault: "user",
    cause: "this path cannot be a sandbox's root directory",
    remedy: "Name an existing directory other than / that you may read, `base`, `host`, or an image.",
  },
  FILES_INVALID: {
    fault: "user",
    cause: "a host path in `files` cannot be mounted",
    remedy: "Name an existing file or directory that you may read; to mount it writable you must own it.",
  },
  PROFILE_INVALID: {
    fault: "user",
    cause: "Bulkhead cannot apply the seccomp profile exactly as written",
    remedy: "Fix each line listed. Run `bulkhead profile export default` for a profile to start from.",
  },
  USER_UNKNOWN: {
    fault: "user",
    cause: "the root's /etc/passwd does not have this user",
    remedy: "Name a user in the root's /etc/passwd, or give numbers as uid:gid.",
  },
  USER_OUT_OF_RANGE: {
    fault: "user",
    cause: "the user's id is outside a sandbox's range (0 to 65534)",
    remedy: "Choose another user: `user` in the policy, `--user` on the command line, such as `--user 1000:1000`.",
  },
});

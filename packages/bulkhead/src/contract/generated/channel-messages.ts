// Generated from the types of the warden by `npm run generate`: change those, not this file.

import { type Check, list, oneOf, record, text, whole } from "../check.js";

/** The operation runs. */
export type Accept = {
  /** Process id of an `exec`, as seen inside. */
  readonly pid?: number;
};

/**
 * The codes that the warden can report. `packages/bulkhead/src/errors/registry.ts` contains the cause and remedy of
 * each, and does not compile without one.
 */
export type Code = "PLAN_INVALID" | "CALLER_REFUSED" | "SESSION_UNKNOWN" | "ID_TAKEN" | "ID_UNKNOWN" | "LIMIT_ABOVE_MAXIMUM" | "TOO_MANY_SANDBOXES" | "UID_RANGE_EXHAUSTED" | "USERNS_REFUSED" | "NAMESPACE_REFUSED" | "ROOT_UNAVAILABLE" | "MOUNT_SOURCE_UNAVAILABLE" | "MOUNT_SOURCE_LINK" | "MOUNT_OWNER_ROOT" | "MOUNT_OWNER_FOREIGN" | "MOUNT_IDMAP_UNSUPPORTED" | "MOUNT_TARGET_UNAVAILABLE" | "MOUNT_FAILED" | "CGROUP_UNAVAILABLE" | "SECCOMP_FAILED" | "LANDLOCK_FAILED" | "APPARMOR_FAILED" | "SELINUX_FAILED" | "LAUNCH_FAILED" | "LAUNCH_TIMEOUT" | "ENFORCEMENT_MISMATCH" | "EXEC_NOT_FOUND" | "EXEC_NOT_EXECUTABLE" | "EXEC_FAILED" | "EXEC_USER_FIXED" | "CWD_UNAVAILABLE" | "TOO_MANY_OPERATIONS" | "FILE_NOT_FOUND" | "FILE_EXISTS" | "FILE_DENIED" | "FILE_IS_DIRECTORY" | "FILE_NOT_DIRECTORY" | "FILE_NOT_EMPTY" | "FILE_NOT_REGULAR" | "FILE_NO_SPACE" | "FILE_TOO_LARGE" | "FILE_FAILED" | "LISTEN_FAILED" | "CONNECT_FAILED" | "REQUEST_INVALID" | "GUEST_FAILED";

/** A request of init: a program inside has connected to one of the host's listeners. */
export type Connection = {
  readonly op: "connection";
  readonly listen: number;
};

/** First frame of each side. */
export type Hello = {
  readonly generation: number;
  /** Names that the other side may not know, and then ignores. */
  readonly features: readonly string[];
};

/** `operation` names what was attempted (a syscall or a step), `path` on what. */
export type WireError = {
  readonly code: Code;
  readonly operation: string;
  /** A field, a value or a limit; never a sentence that a program would have to parse. */
  readonly detail?: string;
  readonly errno?: number;
  readonly path?: string;
};

export const checkAccept: Check<Accept> = record({}, {
  pid: whole(1, 2147483647),
});

export const checkCode: Check<Code> = oneOf("PLAN_INVALID", "CALLER_REFUSED", "SESSION_UNKNOWN", "ID_TAKEN", "ID_UNKNOWN", "LIMIT_ABOVE_MAXIMUM", "TOO_MANY_SANDBOXES", "UID_RANGE_EXHAUSTED", "USERNS_REFUSED", "NAMESPACE_REFUSED", "ROOT_UNAVAILABLE", "MOUNT_SOURCE_UNAVAILABLE", "MOUNT_SOURCE_LINK", "MOUNT_OWNER_ROOT", "MOUNT_OWNER_FOREIGN", "MOUNT_IDMAP_UNSUPPORTED", "MOUNT_TARGET_UNAVAILABLE", "MOUNT_FAILED", "CGROUP_UNAVAILABLE", "SECCOMP_FAILED", "LANDLOCK_FAILED", "APPARMOR_FAILED", "SELINUX_FAILED", "LAUNCH_FAILED", "LAUNCH_TIMEOUT", "ENFORCEMENT_MISMATCH", "EXEC_NOT_FOUND", "EXEC_NOT_EXECUTABLE", "EXEC_FAILED", "EXEC_USER_FIXED", "CWD_UNAVAILABLE", "TOO_MANY_OPERATIONS", "FILE_NOT_FOUND", "FILE_EXISTS", "FILE_DENIED", "FILE_IS_DIRECTORY", "FILE_NOT_DIRECTORY", "FILE_NOT_EMPTY", "FILE_NOT_REGULAR", "FILE_NO_SPACE", "FILE_TOO_LARGE", "FILE_FAILED", "LISTEN_FAILED", "CONNECT_FAILED", "REQUEST_INVALID", "GUEST_FAILED");

export const checkConnection: Check<Connection> = record({
  listen: whole(0, 4294967295),
  op: oneOf("connection"),
});

export const checkHello: Check<Hello> = record({
  features: list(text(64), 4096),
  generation: whole(0, 4294967295),
});

export const checkWireError: Check<WireError> = record({
  code: checkCode,
  operation: text(64),
}, {
  detail: text(4096),
  errno: whole(0, 4095),
  path: text(4096),
});

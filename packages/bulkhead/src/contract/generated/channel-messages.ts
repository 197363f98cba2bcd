// Generated from the types of the warden by `npm run generate`: change those, not this file.

import { type Check, list, number, oneOf, orNull, record, text, whole } from "../check.js";

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

/** A line of `list`. */
export type Entry = {
  readonly type: FileType;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** As seen inside. */
  readonly uid: number;
  readonly gid: number;
  /** The owner of a file sets it, to any time. */
  readonly mtimeMs: number;
  /** Inode change time in microseconds, which no program can set. */
  readonly ctimeUs: number;
  readonly name: string;
  /** The bytes of the name, if `name` is only an approximation. */
  readonly nameBase64?: string;
  /** Target of a symbolic link. Never follow it on the host. */
  readonly target?: string;
};

/** A line of `watch`. A queue that overflowed lost events: it reports a change without a name. */
export type Event = {
  readonly event: EventKind;
  readonly name: string;
  /** The bytes of the name, if `name` is only an approximation. */
  readonly nameBase64?: string;
};

/** What happened to a file. */
export type EventKind = "create" | "change" | "remove";

/** How a program ended: exactly one of `exitCode` and `signal` is a number. */
export type Exited = {
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly userUs: number;
  readonly systemUs: number;
  readonly maxRssBytes: number;
  /** The moments of init and of the operation: see docs/channel.md. */
  readonly marks: readonly number[];
};

/** Metadata of a file, as the sandbox reports it. Hostile input, but of the right shape. */
export type FileInfo = {
  readonly type: FileType;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** As seen inside. */
  readonly uid: number;
  readonly gid: number;
  /** The owner of a file sets it, to any time. */
  readonly mtimeMs: number;
  /** Inode change time in microseconds, which no program can set. */
  readonly ctimeUs: number;
  /** Target of a symbolic link. Never follow it on the host. */
  readonly target?: string;
};

/** Type of a file. */
export type FileType = "file" | "directory" | "symlink" | "fifo" | "socket" | "char" | "block";

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

export const checkFileType: Check<FileType> = oneOf("file", "directory", "symlink", "fifo", "socket", "char", "block");

export const checkEntry: Check<Entry> = record({
  ctimeUs: number,
  gid: whole(0, 4294967295),
  mode: whole(0, 4095),
  mtimeMs: number,
  name: text(765),
  size: whole(0),
  type: checkFileType,
  uid: whole(0, 4294967295),
}, {
  nameBase64: text(340),
  target: text(12288),
});

export const checkEventKind: Check<EventKind> = oneOf("create", "change", "remove");

export const checkEvent: Check<Event> = record({
  event: checkEventKind,
  name: text(765),
}, {
  nameBase64: text(340),
});

export const checkExited: Check<Exited> = record({
  exitCode: orNull(whole(0, 255)),
  marks: list(whole(0), 16),
  maxRssBytes: whole(0),
  signal: orNull(whole(1, 64)),
  systemUs: whole(0),
  userUs: whole(0),
});

export const checkFileInfo: Check<FileInfo> = record({
  ctimeUs: number,
  gid: whole(0, 4294967295),
  mode: whole(0, 4095),
  mtimeMs: number,
  size: whole(0),
  type: checkFileType,
  uid: whole(0, 4294967295),
}, {
  target: text(12288),
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

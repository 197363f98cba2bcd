// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** For a running operation: an `exec`, or the last one for a `checkpoint`. */
export type Control = {
  readonly op: "signal";
  readonly signal: number;
} | {
  readonly op: "resize";
  readonly rows: number;
  readonly cols: number;
} | {
  readonly op: "continue";
} | {
  readonly op: "hand";
  readonly token: number;
};

/** A program to run. */
export type Exec = {
  /** At least one. */
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: Stdin;
  /** The program gets a socket that listens for each of these, from descriptor 3 on, as `sd_listen_fds(3)` says. */
  readonly listen?: readonly ListenSocket[];
  readonly tty?: Window;
  /** `null`: the sandbox's default user. */
  readonly user?: User;
};

/** An operation on files. */
export type FileRequest = {
  readonly op: "read";
  readonly path: string;
  readonly length?: number;
  readonly offset?: number;
} | {
  readonly op: "write";
  readonly path: string;
  readonly append?: boolean;
  readonly exclusive?: boolean;
  readonly mode?: number;
} | {
  readonly op: "list";
  readonly path: string;
} | {
  readonly op: "stat";
  readonly path: string;
  readonly follow?: boolean;
} | {
  readonly op: "mkdir";
  readonly path: string;
  readonly mode?: number;
  readonly recursive?: boolean;
} | {
  readonly op: "remove";
  readonly path: string;
  readonly recursive?: boolean;
} | {
  readonly op: "rename";
  readonly from: string;
  readonly to: string;
} | {
  readonly op: "watch";
  readonly path: string;
};

/** Opens a listening socket, only ever on an address that is unreachable from outside. */
export type Listen = {
  readonly transport: "tcp";
  readonly address: string;
  readonly port: number;
} | {
  readonly transport: "udp";
  readonly address: string;
  readonly port: number;
} | {
  readonly transport: "unix";
  readonly path: string;
} | {
  readonly transport: "unixgram";
  readonly path: string;
};

/** A socket that listens on 127.0.0.1 inside before the program starts. */
export type ListenSocket = {
  /** Its name in `LISTEN_FDNAMES`. */
  readonly name: string;
  readonly port: number;
};

/** One operation. Strings contain no NUL and paths are absolute. */
export type Request = (Exec & {
  readonly op: "exec";
}) | (Listen & {
  readonly op: "listen";
}) | (Target & {
  readonly op: "connect";
}) | {
  readonly op: "checkpoint";
} | FileRequest;

export type Stdin = "pipe" | "null";

/** Where to connect to inside. */
export type Target = {
  readonly port: number;
} | {
  readonly path: string;
};

/** Ids inside, each at most 65,535. */
export type User = {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
};

/** Size of a terminal; both at least 1. */
export type Window = {
  readonly rows: number;
  readonly cols: number;
};

import type { Readable } from "node:stream";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Workload } from "../plan/compile.js";

/** What a process reads: nothing, what the caller writes to `process.stdin`, or what this stream gives. */
export type Stdin = "null" | "pipe" | Readable;

/** Size of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

/** Ids inside the sandbox. A number alone, or `uid:gid`, has no supplementary groups. */
export type ExecUser =
  | number
  | string
  | { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] };

export interface ExecOptions {
  /** Added to the sandbox's environment; undefined removes a variable. Nothing comes from this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the policy's `workdir`. */
  readonly cwd?: string;
  /** Default: the policy's. Another one needs level container and a broker that runs as root (EXEC_USER_FIXED). */
  readonly user?: ExecUser;
  /** Gives it a terminal of its own; stderr then comes out of stdout, as terminals have it. */
  readonly tty?: TerminalSize;
  /** Default: `"null"`. Text to read is given as `input`: as a word here, hostile text could say `pipe` and make it wait for ever. */
  readonly stdin?: Stdin;
  /** All that the process reads from stdin. Not together with `stdin`. */
  readonly input?: string | Uint8Array;
  /** Kills it, with its whole process group, after so long. */
  readonly timeoutMs?: number;
  /** Kills it, and makes its result reject with ABORTED. */
  readonly signal?: AbortSignal;
  /** How much stdout and stderr may hold together: what exceeds it is cut, and the process killed. Default: no bound for streams, the policy's `resources.output` for `buffer`. */
  readonly outputBytes?: number;
  /** Collects the output into the result, instead of giving streams that have to be read. */
  readonly buffer?: boolean;
}

/** The `exec` request of `docs/channel.md`. */
export interface ExecRequest {
  readonly op: "exec";
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: "pipe" | "null";
  readonly tty?: TerminalSize;
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
}

/** @throws BulkheadError COMMAND_MISSING for an empty argv, USER_UNKNOWN for a user that is not given in numbers */
export function execRequest(argv: readonly string[], workload: Workload, options: ExecOptions): ExecRequest {
  if (argv.length === 0) {
    throw new BulkheadError("COMMAND_MISSING", { operation: "exec" });
  }
  return {
    op: "exec",
    argv,
    env: environment(workload.env, options),
    cwd: options.cwd ?? workload.cwd,
    stdin: stdinMode(options),
    ...(options.tty === undefined ? {} : { tty: { rows: options.tty.rows, cols: options.tty.cols } }),
    ...(options.user === undefined ? {} : { user: idsOf(options.user) }),
  };
}

function stdinMode({ stdin = "null", input }: ExecOptions): "pipe" | "null" {
  if (stdin === "null") {
    return input === undefined ? "null" : "pipe";
  }
  if (input !== undefined || (typeof stdin === "string" && stdin !== "pipe")) {
    throw new BulkheadError("REQUEST_INVALID", {
      operation: "exec",
      detail: "stdin: give text as `input`, and only one of both",
    });
  }
  return "pipe";
}

function environment(base: Readonly<Record<string, string>>, options: ExecOptions): Readonly<Record<string, string>> {
  if (options.env === undefined && options.tty === undefined) {
    return base;
  }
  const env: Record<string, string> = options.tty === undefined ? { ...base } : { TERM: "xterm-256color", ...base };
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (value === undefined) {
      delete env[name];
    } else {
      env[name] = value;
    }
  }
  return env;
}

function idsOf(user: ExecUser): NonNullable<ExecRequest["user"]> {
  if (typeof user === "object") {
    return { uid: user.uid, gid: user.gid, groups: user.groups ?? [] };
  }
  const ids = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(String(user));
  if (ids === null) {
    throw new BulkheadError("USER_UNKNOWN", { operation: "exec", detail: String(user) });
  }
  const uid = Number(ids[1]);
  return { uid, gid: Number(ids[2] ?? uid), groups: [] };
}

import { type Check, check } from "../arguments/check.js";
import {
  abortSignal,
  anyText,
  bytes,
  duration,
  either,
  flag,
  type Hints,
  insidePath,
  isRecord,
  isText,
  list,
  object,
  required,
  whole,
} from "../arguments/values.js";
import type { Exec, ListenSocket } from "../contract/generated/channel-requests.js";
import { MAX_ID } from "../contract/generated/plan-constants.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { byteSource, input, onOutput } from "./ends/checks.js";
import type { OutputCallback } from "./ends/sink.js";
import type { ByteSource } from "./ends/source.js";

/** A process's stdin: empty, written by the caller through `process.stdin`, or read from this stream or iterator. */
export type Stdin = "null" | "pipe" | ByteSource;

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export type { ListenSocket } from "../contract/generated/channel-requests.js";

/** Ids inside the sandbox. A number alone, or `uid:gid`, has no supplementary groups. */
export type ExecUser =
  | number
  | string
  | { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] };

export interface ExecOptions {
  /**
   * Variables to add to the sandbox's environment; undefined removes one. This process's own environment is never
   * passed.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the policy's `workdir`. */
  readonly cwd?: string;
  /**
   * Default: the policy's `user`. Another user needs level container and a broker that runs as root (EXEC_USER_FIXED).
   */
  readonly user?: ExecUser;
  /** Allocates a terminal of this size; stderr then arrives on stdout, as on any terminal. */
  readonly tty?: TerminalSize;
  /**
   * Default: `"null"`. Pass text through `input` instead: as a plain string here, hostile text could say `pipe` and
   * make the process wait forever.
   */
  readonly stdin?: Stdin;
  /** The process's whole stdin: text, bytes, or a stream or iterator of them. Excludes `stdin`. */
  readonly input?: string | Uint8Array | ByteSource;
  /**
   * Called with each piece of stdout in order. If it returns a promise, the next piece and the process wait for it. A
   * piece may end in the middle of a character: decode with a `TextDecoder` or `setEncoding`. With `buffer`, the output
   * is collected too.
   */
  readonly onStdout?: OutputCallback;
  readonly onStderr?: OutputCallback;
  /** Kills the process and its process group this long after it starts, whatever still waits for it. */
  readonly timeoutMs?: number;
  /** Kills the process and makes its result reject with ABORTED. */
  readonly signal?: AbortSignal;
  /**
   * Maximum bytes of stdout and stderr together. Above it the output is cut and the process killed. Default: unlimited
   * for streams, the policy's `resources.output` for `buffer`.
   */
  readonly outputBytes?: number;
  /**
   * Sockets that listen on these ports of 127.0.0.1 inside before the program starts. It gets them from descriptor 3
   * on, with `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`, as `sd_listen_fds(3)` describes. At most 64.
   */
  readonly listen?: readonly ListenSocket[];
  /** Collects the output into the result, instead of streams that the caller has to read. */
  readonly buffer?: boolean;
}

/** Defaults for a program whose options omit them. */
export interface ProgramDefaults {
  /** The whole environment; nothing is added to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The command without an argv; empty: none. */
  readonly argv: readonly string[];
}

/** The `exec` request of `docs/channel.md`. */
export type ExecRequest = Exec & { readonly op: "exec" };

const SIDE_MAX = 65_535;
const LONGEST_ARGV = 65_536;

const argument = list(anyText, 'an array of strings, such as ["sh", "-c", "…"]');

/** Checks a program and its arguments. */
export const argvCheck: Check<readonly string[]> = (value, path, flaws) => {
  const before = flaws.length;
  argument(value, path, flaws);
  if (!Array.isArray(value) || flaws.length > before) return;
  if (value[0] === "") flaws.push({ path: `${path}[0]`, message: "must be a program's name, not empty" });
  if (value.length > LONGEST_ARGV) flaws.push({ path, message: `must have at most ${LONGEST_ARGV} items` });
};

const side = whole(1, SIDE_MAX);
export const terminalSize: Check<TerminalSize> = required(
  object<TerminalSize>({ rows: side, cols: side }),
  "rows",
  "cols",
);

type UserIds = Exclude<ExecUser, number | string>;
const id = whole(0, MAX_ID);
const userIds = required(object<UserIds>({ uid: id, gid: id, groups: list(id) }), "uid", "gid");
const userName: Check<number | string> = either(
  (value) => typeof value === "number",
  id,
  check<string>((value) => isText(value) && value !== "", 'a uid up to 65534, "uid:gid", or { uid, gid }'),
);
const user: Check<ExecUser> = either(isRecord, userIds, userName);

const environmentCheck: Check<NonNullable<ExecOptions["env"]>> = (value, path, flaws) => {
  if (!isRecord(value) || Array.isArray(value)) {
    check(() => false, "an object of strings")(value, path, flaws);
    return;
  }
  for (const [name, content] of Object.entries(value)) {
    if (!isText(name) || name === "" || name.includes("=")) {
      flaws.push({ path, message: `has a name that no variable can have: ${JSON.stringify(name)}` });
    } else if (content !== undefined) anyText(content, `${path}.${name}`, flaws);
  }
};

const NOTHING = 'nothing ("null"), "pipe", or a stream or iterator';
export const stdinCheck: Check<Stdin> = either<"null" | "pipe", ByteSource>(
  (value) => !isRecord(value) || value instanceof Uint8Array,
  check(
    (value) => value === "null" || value === "pipe",
    NOTHING,
    (value) =>
      typeof value === "string" || value instanceof Uint8Array ? "text to read is given as `input`" : undefined,
  ),
  byteSource,
);

/** Options that `run` and `exec` share. */
export const programShape = {
  env: environmentCheck,
  cwd: insidePath,
  user,
  tty: terminalSize,
  stdin: stdinCheck,
  input,
  onStdout: onOutput,
  onStderr: onOutput,
  signal: abortSignal,
} as const;

const HINTS: Hints = {
  timeout: "its time is `timeoutMs`, in milliseconds",
  time: "its time is `timeoutMs`, in milliseconds",
  stdout: "give `onStdout`, or read `process.stdout`",
  stderr: "give `onStderr`, or read `process.stderr`",
  maxBuffer: "the bound of the output is `outputBytes`",
  encoding: "output is text and bytes: `stdout` and `stdoutBytes` of the result",
  shell: 'name it in argv: ["sh", "-c", "…"]',
};

const MOST_SOCKETS = 64;
const socketName = check<string>(
  (value) => typeof value === "string" && /^[!-9;-~]{1,255}$/.test(value),
  "1 to 255 printable ASCII characters without spaces and colons",
);
const everySocket = list(required(object<ListenSocket>({ name: socketName, port: whole(1, 65_535) }), "name", "port"));
const sockets: Check<readonly ListenSocket[]> = (value, path, flaws) => {
  everySocket(value, path, flaws);
  if (Array.isArray(value) && value.length > MOST_SOCKETS) {
    flaws.push({ path, message: `must have at most ${MOST_SOCKETS} items` });
  }
};

export const execOptions: Check<ExecOptions> = exclusive(
  object<ExecOptions>(
    { ...programShape, timeoutMs: duration, outputBytes: bytes, listen: sockets, buffer: flag },
    HINTS,
  ),
  ["stdin", "input"],
);

/** Refuses options of which both in a pair are present. */
export function exclusive<Fields>(
  inner: Check<Fields>,
  ...pairs: readonly (readonly [keyof Fields & string, keyof Fields & string])[]
): Check<Fields> {
  return (value, path, flaws) => {
    inner(value, path, flaws);
    if (!isRecord(value)) return;
    for (const [one, other] of pairs) {
      if (value[one] === undefined || value[other] === undefined) continue;
      flaws.push({ path: `${path}.${one}`, message: `excludes \`${other}\`: give only one of them` });
    }
  };
}

/** Copies the options before anything is awaited: the caller may change them in the meantime. */
export function copyOptions<Options extends ExecOptions>(options: Options): Options {
  const { env, tty, listen } = options;
  return {
    ...options,
    ...(env && { env: { ...env } }),
    ...(tty && { tty: { ...tty } }),
    ...(listen && { listen: listen.map(({ name, port }) => ({ name, port })) }),
  };
}

/**
 * @throws BulkheadError COMMAND_MISSING where neither argv nor the image names a program, USER_UNKNOWN for a user that
 * is not given in numbers
 */
export function execRequest(
  operation: string,
  given: readonly string[],
  workload: ProgramDefaults,
  options: ExecOptions,
): ExecRequest {
  const argv = given.length === 0 ? workload.argv : given;
  if (argv.length === 0) throw new BulkheadError("COMMAND_MISSING", { operation, detail: "argv" });
  const { stdin = "null", input: content } = options;
  return {
    op: "exec",
    argv,
    env: environment(workload.env, options),
    cwd: options.cwd ?? workload.cwd,
    stdin: stdin === "null" && content === undefined ? "null" : "pipe",
    ...(options.tty === undefined ? {} : { tty: { rows: options.tty.rows, cols: options.tty.cols } }),
    ...(options.user === undefined ? {} : { user: idsOf(options.user) }),
    ...(options.listen === undefined || options.listen.length === 0 ? {} : { listen: options.listen }),
  };
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

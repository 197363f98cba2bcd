import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { lastWordsOf } from "../host/last-words.js";
import { helperScriptPath, wardenPath } from "../host/locate.js";
import { mayChangeIds } from "../host/own-parts.js";
import { bootScript, codeCachePath } from "./boot.js";
import { requireConfined } from "./confined.js";
import type { Violation } from "./frames.js";
import { openIds } from "./ids.js";
import { ownMemoryOf } from "./memory.js";
import { nodeProgram } from "./node-program.js";
import { type Methods, Peer, type Received } from "./peer.js";

export interface HelperOptions {
  /** Name of its script: `dist/helpers/KIND.cjs`. */
  readonly kind: string;
  /** It is no script but the role of this name of the warden. */
  readonly native?: boolean;
  /** Whether it may use TCP and UDP. */
  readonly network?: boolean;
  /**
   * Descriptors of this process to pass on, from number 6; `null` means /dev/null. This process still closes its own.
   */
  readonly descriptors?: readonly (number | Socket | null)[];
  /** Maximum number of open files. */
  readonly files?: number;
  /** Size of V8's heap. */
  readonly heapMiB?: number;
  /** How long it may leave a call without progress, unless the call sets its own limit. Default: a minute. */
  readonly silenceMs?: number;
  /** Methods of this process that it may call. */
  readonly methods?: Methods;
}

/** How long a helper may take to start. */
const HELLO_MS = 20_000;
/** No helper computes for more than seconds; what takes longer is a request to this process. */
const SILENCE_MS = 60_000;

/**
 * One of Bulkhead's own processes, which parses untrusted input so that this process need not. It has no capabilities,
 * no host files but Node's own and, if this process is root, its own uid. It ends with this process or when it is
 * closed; its connection keeps this process alive only while calls are pending.
 */
export class Helper implements Disposable {
  readonly #peer: Peer;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #ready: Promise<void>;
  readonly #silenceMs: number;
  #users = 0;

  /** @throws BulkheadError SETUP_MISSING, UID_RANGE_EXHAUSTED, HELPER_FAILED */
  static start(options: HelperOptions): Helper {
    return new Helper(options);
  }

  private constructor(options: HelperOptions) {
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
    const ids = mayChangeIds() ? openIds() : undefined;
    const { child, lastWords } = spawnHelper(options, ids?.fd);
    child.once("exit", () => ids?.close());
    child.once("error", () => ids?.close());
    this.#child = child;
    const socket = child.stdio[3] as Socket | null | undefined;
    if (socket === null || socket === undefined || child.pid === undefined) {
      throw new BulkheadError("HELPER_FAILED", { operation: "spawn", path: wardenPath(), detail: lastWords() });
    }
    this.#socket = socket;
    this.#peer = new Peer(socket, options.methods ?? {}, (why) => lost(options.kind, why, lastWords()));
    // If the warden could not confine it, its first message is that failure: see `starting`.
    child.unref();
    socket.unref();
    void this.#peer.ended.then(() => child.kill("SIGKILL"));
    this.#ready = this.#greet(child.pid, ids !== undefined);
    this.#ready.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The process's anonymous memory; 0 if it is gone. */
  memoryBytes(): number {
    return ownMemoryOf(this.pid);
  }

  /** Waits until it is confined, as checked from outside. @throws BulkheadError HELPER_FAILED, HELPER_LOST */
  async ready(): Promise<void> {
    await this.#holding(this.#ready);
  }

  /**
   * Ends the helper, and fails every pending call, when the call makes no progress for `silenceMs`.
   * @throws BulkheadError what the helper throws, HELPER_FAILED, HELPER_LOST, ABORTED
   */
  async call(method: string, value: unknown, signal?: AbortSignal, silenceMs = this.#silenceMs): Promise<Received> {
    return await this.#holding(this.#call(method, value, signal, silenceMs));
  }

  /** Resolves with the reason when it is gone. */
  get ended(): Promise<BulkheadError> {
    return this.#peer.ended;
  }

  /** Ends the helper. */
  [Symbol.dispose](): void {
    this.#peer.close();
  }

  async #call(method: string, value: unknown, signal: AbortSignal | undefined, silenceMs: number): Promise<Received> {
    await this.#ready;
    const received = await this.#peer.call(method, value, signal, silenceMs);
    if (received.body !== undefined) void this.#holding(received.body.done);
    return received;
  }

  async #greet(pid: number, ownIds: boolean): Promise<void> {
    const timer = setTimeout(() => this.#peer.close(), HELLO_MS);
    try {
      await this.#peer.call("hello", null);
      requireConfined(pid, ownIds);
    } catch (error) {
      this.#peer.close(error instanceof BulkheadError ? error : undefined);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Keeps Node alive until the work settles. */
  async #holding<T>(work: Promise<T>): Promise<T> {
    this.#users += 1;
    if (this.#users === 1) this.#socket.ref();
    try {
      return await work;
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#socket.unref();
    }
  }
}

function spawnHelper(options: HelperOptions, ids: number | undefined) {
  const { kind, native = false, network = false, descriptors = [], files, heapMiB = 512 } = options;
  const warden = wardenPath();
  const script = native ? "/dev/null" : helperScriptPath(kind);
  const node = native ? undefined : nodeProgram();
  const program =
    node === undefined
      ? [warden, "--", "warden", kind]
      : [node, "--", "node", ...nodeFlags(heapMiB), "-e", bootScript(kind)];
  const opened: number[] = [];
  const open = (path: string) => {
    const fd = openSync(path, "r");
    opened.push(fd);
    return fd;
  };
  try {
    const cache = node === undefined ? undefined : codeCachePath(script, node);
    // Above 2, Node's "ignore" does not mean /dev/null but closed.
    const given = descriptors.map((each) => each ?? open("/dev/null"));
    const count = 6 + given.length;
    const argv = [
      "helper",
      ...["--parent", String(process.pid), "--descriptors", String(count)],
      ...(ids === undefined ? [] : ["--ids", String(count)]),
      ...(files === undefined ? [] : ["--files", String(files)]),
      ...(network ? ["--network"] : []),
      ...["--program", ...program],
    ];
    const stdio = [
      "ignore",
      "ignore",
      "pipe",
      "pipe",
      open(script),
      open(cache !== undefined && existsSync(cache) ? cache : "/dev/null"),
    ] as const;
    const child = spawn(warden, argv, {
      stdio: [...stdio, ...given, ...(ids === undefined ? [] : [ids])],
      env: {},
      cwd: "/",
    });
    return { child, lastWords: lastWordsOf(child, printableLine) };
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** The same flags that its code cache was built with, or V8 would reject the cache: see `scripts/helpers.mjs`. */
function nodeFlags(heapMiB: number): readonly string[] {
  return [`--max-old-space-size=${heapMiB}`, "--no-warnings", "--no-addons"];
}

/** A helper may be compromised: only printable characters of it reach a terminal. */
function printableLine(said: string): string {
  return said.replaceAll(/[^\x20-\x7e]+/g, " ").trim();
}

function lost(kind: string, why: BulkheadError | Violation | undefined, words: string): BulkheadError {
  if (why instanceof BulkheadError) return why;
  if (why !== undefined)
    return new BulkheadError("HELPER_FAILED", { operation: `talk to ${kind}`, detail: `protocol: ${why.message}` });
  return new BulkheadError("HELPER_LOST", {
    operation: `talk to ${kind}`,
    ...(words === "" ? {} : { detail: words }),
  });
}

import { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { now } from "./clock.js";
import type { ExecOptions, ExecRequest, TerminalSize } from "./exec-options.js";
import { Execution } from "./execution.js";
import type { Live } from "./live.js";
import { KILLED, type ProcessResult, withBytes } from "./process-result.js";
import { signalNumber } from "./signals.js";
import { connectStdin } from "./stdin.js";

/** How long init may take to end a process before the whole sandbox is killed: a hostile one might never do it. */
const CANCEL_MS = 5_000;

/** The same streams as `process.stdin` and so on, as web streams. Use the one or the other. */
export interface WebStreams {
  readonly stdin: WritableStream<Uint8Array> | null;
  readonly stdout: ReadableStream<Uint8Array> | null;
  readonly stderr: ReadableStream<Uint8Array> | null;
}

/** A process inside a sandbox. */
export class Process {
  /** With `stdin: "pipe"`: takes no more than the process reads. Else null. */
  readonly stdin: Writable | null;
  /** What it puts out, or null when that is collected. Read it or destroy it: a process waits for its reader. */
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /**
   * Resolves when it has ended, however that was. Rejects with ABORTED, SANDBOX_LOST, SANDBOX_CLOSED,
   * PROTOCOL_VIOLATION or BROKER_LOST.
   */
  readonly result: Promise<ProcessResult>;
  readonly #live: Live;
  readonly #execution: Execution;
  readonly #startedAt = now();
  #timers: NodeJS.Timeout[] = [];
  #timedOut = false;
  #aborted: BulkheadError | undefined;
  #pid: number | undefined;

  /** @internal Use `sandbox.exec`. */
  constructor(live: Live, request: ExecRequest, options: ExecOptions, outputBytes: number | undefined) {
    this.#live = live;
    this.#execution = new Execution(live, request, {
      buffer: options.buffer === true,
      bytes: outputBytes,
      exceeded: () => this.#cancel(),
    });
    this.stdout = this.#execution.streams?.stdout ?? null;
    this.stderr = this.#execution.streams?.stderr ?? null;
    this.stdin = connectStdin(this.#execution, request, options);
    this.result = this.#finish(options);
    this.result.catch(() => undefined);
  }

  /** @internal Resolves when it runs; rejects with why it could not. */
  async started(): Promise<void> {
    this.#pid = await this.#execution.started;
  }

  /** Inside, and as init claims: fit for messages, not for decisions. Undefined when it ended at once. */
  get pid(): number | undefined {
    return this.#pid;
  }

  get web(): WebStreams {
    return {
      stdin: this.stdin === null ? null : (Writable.toWeb(this.stdin) as WritableStream<Uint8Array>),
      stdout: this.stdout === null ? null : (Readable.toWeb(this.stdout) as ReadableStream<Uint8Array>),
      stderr: this.stderr === null ? null : (Readable.toWeb(this.stderr) as ReadableStream<Uint8Array>),
    };
  }

  /**
   * Sends a signal to its process group. Nothing happens when it has ended.
   * @throws BulkheadError REQUEST_INVALID for what is no signal
   */
  kill(signal: string | number = "SIGTERM"): void {
    this.#execution.stream.control({ op: "signal", signal: signalNumber(signal) });
  }

  /** Tells its terminal another size. */
  resize({ rows, cols }: TerminalSize): void {
    this.#execution.stream.control({ op: "resize", rows, cols });
  }

  async #finish(options: ExecOptions): Promise<ProcessResult> {
    const abort = () => this.#abort(options.signal?.reason);
    this.#watch(options, abort);
    const settled = await this.#execution.settled;
    this.#unwatch(options, abort);
    if (this.#aborted !== undefined) {
      throw this.#aborted;
    }
    const killed = this.#timedOut || this.#execution.truncated;
    if ("error" in settled && !killed) {
      throw settled.error;
    }
    const status = "error" in settled ? KILLED : settled.status;
    const { stdout, stderr } = this.#execution.collected();
    const result = {
      ...status,
      stdout: stdout.toString(),
      stderr: stderr.toString(),
      timedOut: this.#timedOut,
      outputTruncated: this.#execution.truncated,
      durationMs: now() - this.#startedAt,
    };
    return withBytes(result, stdout, stderr);
  }

  #watch({ signal, timeoutMs }: ExecOptions, abort: () => void): void {
    if (timeoutMs !== undefined) {
      this.#after(timeoutMs, () => {
        this.#timedOut = true;
        this.#cancel();
      });
    }
    if (signal?.aborted === true) {
      abort();
    } else {
      signal?.addEventListener("abort", abort, { once: true });
    }
  }

  #unwatch({ signal }: ExecOptions, abort: () => void): void {
    signal?.removeEventListener("abort", abort);
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
  }

  #abort(cause: unknown): void {
    this.#aborted = new BulkheadError("ABORTED", { operation: "exec", cause });
    this.#cancel();
  }

  /** Ends it by init; and by force, together with the sandbox, when init does not do it. */
  #cancel(): void {
    this.#execution.stream.cancel();
    this.#after(CANCEL_MS, () => this.#live.kill(new BulkheadError("SANDBOX_LOST", { operation: "cancel" })));
  }

  #after(ms: number, action: () => void): void {
    this.#timers.push(setTimeout(action, ms));
  }
}

import { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import { requireArguments } from "../arguments/require.js";
import { aborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { now, roundMs } from "./clock.js";
import type { Ends } from "./ends/ends.js";
import { type ExecOptions, type ExecRequest, type TerminalSize, terminalSize } from "./exec-options.js";
import { Execution, type OutputUse } from "./execution.js";
import type { Live } from "./live.js";
import { KILLED, type ProcessResult, startFailure, withBytes } from "./process-result.js";
import { signalNumber } from "./signals.js";
import { after, type Timer } from "./timer.js";

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
  /** What it puts out, or null when that is collected or given to a callback. Read it or destroy it: a process waits for its reader. */
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /**
   * Resolves when it has ended, however that was. Rejects with ABORTED, SANDBOX_LOST, SANDBOX_CLOSED,
   * PROTOCOL_VIOLATION or BROKER_LOST.
   */
  readonly result: Promise<ProcessResult>;
  readonly #live: Live;
  readonly #execution: Execution;
  readonly #ends: Ends;
  readonly #startedAt = now();
  #timers: Timer[] = [];
  #timedOut = false;
  /** Why it was ended: the caller's wish, or the caller's failure. */
  #stopped: BulkheadError | undefined;
  /** Nobody is waited for any more. */
  #cut: () => void = () => undefined;
  #pid: number | undefined;

  /** @internal Use `sandbox.exec`. */
  constructor(live: Live, request: ExecRequest, options: ExecOptions, ends: Ends, outputBytes: number | undefined) {
    this.#live = live;
    this.#ends = ends;
    const collect = options.buffer === true;
    const use = (name: "stdout" | "stderr"): OutputUse => ({ collect, stream: !collect || ends.takes(name) });
    this.#execution = new Execution(live, request, {
      stdout: use("stdout"),
      stderr: use("stderr"),
      bytes: outputBytes,
      exceeded: () => this.#cancel(),
    });
    const { stdout, stderr } = this.#execution.streams;
    this.stdout = ends.takes("stdout") ? null : stdout;
    this.stderr = ends.takes("stderr") ? null : stderr;
    this.stdin = ends.connectInput(this.#execution, request.stdin === "pipe");
    this.result = this.#finish(options, ends.connectOutput(this.#execution));
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
   * @throws BulkheadError ARGUMENT_INVALID for what is no signal
   */
  kill(signal: string | number = "SIGTERM"): void {
    this.#execution.stream.control({ op: "signal", signal: signalNumber("process.kill", signal) });
  }

  /** Tells its terminal another size. @throws BulkheadError ARGUMENT_INVALID */
  resize(size: TerminalSize): void {
    requireArguments("process.resize", ["size", terminalSize, size]);
    const { rows, cols } = size;
    this.#execution.stream.control({ op: "resize", rows, cols });
  }

  async #finish(options: ExecOptions, delivered: Promise<void> | undefined): Promise<ProcessResult> {
    const abort = () => this.#stop(aborted("exec", options.signal));
    const cut = new Promise<void>((resolve) => {
      this.#cut = resolve;
    });
    this.#ends.whenFailed((error) => this.#stop(error));
    this.#watch(options, abort);
    const settled = await this.#execution.settled;
    // As long as its time lasts, and nobody aborts it.
    await Promise.race([delivered, cut]);
    if (this.#live.flush !== undefined) await this.#live.flush();
    this.#unwatch(options, abort);
    this.#ends[Symbol.dispose]();
    if (this.#stopped !== undefined) {
      throw this.#stopped;
    }
    const killed = this.#timedOut || this.#execution.truncated;
    const failure = "error" in settled && !killed ? startFailure(settled.error) : undefined;
    if ("error" in settled && !killed && failure === undefined) {
      throw settled.error;
    }
    const { stdout, stderr } = this.#execution.collected();
    const result = {
      ...(failure?.status ?? ("error" in settled ? KILLED : settled.status)),
      stdout: stdout.toString(),
      stderr: stderr.toString(),
      timedOut: this.#timedOut,
      outputTruncated: this.#execution.truncated,
      notFound: failure?.notFound === true,
      notExecutable: failure?.notExecutable === true,
      durationMs: roundMs(now() - this.#startedAt),
      ...(failure === undefined ? {} : { error: failure.error }),
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
    for (const timer of this.#timers) timer.stop();
  }

  #stop(error: BulkheadError): void {
    this.#stopped ??= error;
    this.#cancel();
  }

  /** Ends it by init; and by force, together with the sandbox, when init does not do it. */
  #cancel(): void {
    this.#execution.stream.cancel();
    this.#cut();
    this.#after(CANCEL_MS, () => {
      if (this.#execution.stream.open) this.#live.kill(new BulkheadError("SANDBOX_LOST", { operation: "cancel" }));
    });
  }

  #after(ms: number, action: () => void): void {
    this.#timers.push(after(ms, action));
  }
}

import { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import { requireArguments } from "../arguments/require.js";
import { aborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { deferred } from "../values/deferred.js";
import { defined } from "../values/defined.js";
import { now, roundMs } from "./clock.js";
import type { Ends } from "./ends/ends.js";
import { type ExecOptions, type ExecRequest, type TerminalSize, terminalSize } from "./exec-options.js";
import { Execution, type OutputUse } from "./execution.js";
import type { Live } from "./live.js";
import { KILLED, type ProcessResult, startFailure, withBytes } from "./process-result.js";
import { signalNumber } from "./signals.js";
import { after, type Timer } from "./timer.js";

/** How long init may take to end a process before we kill the whole sandbox: a hostile init might never do it. */
const CANCEL_MS = 5_000;

/** The process's streams as web streams. Use either these or the Node streams, not both. */
export interface WebStreams {
  readonly stdin: WritableStream<Uint8Array> | null;
  readonly stdout: ReadableStream<Uint8Array> | null;
  readonly stderr: ReadableStream<Uint8Array> | null;
}

/** Starts a program. Functions and not methods: programs that use the library start processes with `sandbox.exec`. */
export let startProcess: (
  live: Live,
  request: ExecRequest,
  options: ExecOptions,
  ends: Ends,
  outputBytes: number | undefined,
) => Process;

/** Resolves when the process runs; rejects with the reason if it cannot start. */
export let hasStarted: (process: Process) => Promise<void>;

/** A process inside a sandbox. */
export class Process {
  /** With `stdin: "pipe"`, a stream with backpressure from the process. Else null. */
  readonly stdin: Writable | null;
  /**
   * The process's output, or null if it is collected or passed to a callback. Read or destroy it: the process waits for
   * its reader.
   */
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /**
   * Resolves when the process has ended, however it ended. Rejects with ABORTED, SANDBOX_LOST, SANDBOX_CLOSED,
   * PROTOCOL_VIOLATION or BROKER_LOST.
   */
  readonly result: Promise<ProcessResult>;
  readonly #live: Live;
  readonly #execution: Execution;
  readonly #ends: Ends;
  readonly #startedAt = now();
  #timers: Timer[] = [];
  #timedOut = false;
  /** Why we ended the process: the caller asked, or a caller's stream or callback failed. */
  #stopped: BulkheadError | undefined;
  /** Stops waiting for the caller's streams. */
  readonly #cut = deferred();
  #pid: number | undefined;

  private constructor(
    live: Live,
    request: ExecRequest,
    options: ExecOptions,
    ends: Ends,
    outputBytes: number | undefined,
  ) {
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

  static {
    startProcess = (...made) => new Process(...made);
    hasStarted = async (process) => {
      process.#pid = await process.#execution.started;
    };
  }

  /**
   * The process id inside, as init reports it: good for messages, not for decisions. Undefined if the process ended at
   * once.
   */
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
   * Sends a signal to the process group. Does nothing after the process has ended.
   * @throws BulkheadError ARGUMENT_INVALID for an invalid signal
   */
  kill(signal: string | number = "SIGTERM"): void {
    this.#execution.stream.control({ op: "signal", signal: signalNumber("process.kill", signal) });
  }

  /** Resizes the process's terminal. @throws BulkheadError ARGUMENT_INVALID */
  resize(size: TerminalSize): void {
    requireArguments("process.resize", ["size", terminalSize, size]);
    const { rows, cols } = size;
    this.#execution.stream.control({ op: "resize", rows, cols });
  }

  async #finish(options: ExecOptions, delivered: Promise<void> | undefined): Promise<ProcessResult> {
    const abort = () => this.#stop(aborted("exec", options.signal));
    this.#ends.whenFailed((error) => this.#stop(error));
    this.#watch(options, abort);
    const settled = await this.#execution.settled;
    // Within its time limit, and until the caller aborts.
    await Promise.race([delivered, this.#cut.promise]);
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
      ...defined({ error: failure?.error }),
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

  /** Asks init to end the process, and kills the whole sandbox if init does not. */
  #cancel(): void {
    this.#execution.stream.cancel();
    this.#cut.resolve();
    this.#after(CANCEL_MS, () => {
      if (this.#execution.stream.open) this.#live.kill(new BulkheadError("SANDBOX_LOST", { operation: "cancel" }));
    });
  }

  #after(ms: number, action: () => void): void {
    this.#timers.push(after(ms, action));
  }
}

import type { Writable } from "node:stream";
import { callbackFailed, isPromise } from "../arguments/callbacks.js";
import { requireArguments } from "../arguments/require.js";
import { confirm } from "../enforcement/confirm.js";
import { throwIfAborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import { wardenPath } from "../host/locate.js";
import { RUN_TIME_MS } from "../policy/defaults.js";
import type { Recorder, RecordOptions } from "../record/recorder.js";
import { now } from "../session/clock.js";
import type { Ends } from "../session/ends/ends.js";
import { type ExecRequest, terminalSize } from "../session/exec-options.js";
import { Execution, type Settled } from "../session/execution.js";
import { expose } from "../session/expose.js";
import type { Live } from "../session/live.js";
import { type ExitStatus, KILLED, type StartFailure, startFailure } from "../session/process-result.js";
import { signalNumber } from "../session/signals.js";
import { after, type Timer } from "../session/timer.js";
import type { Launchable } from "./prepare/launchable.js";
import type { ProgramOptions } from "./run-options.js";
import { type RunFacts, type RunResult, recordedResult, runResult, type WriteBackOutcome } from "./run-result.js";

/** Reported in the result and not thrown: the program ended on its own, whatever happened to its files. */
const WRITE_BACK_CODES: ReadonlySet<string> = new Set(["WRITE_BACK_LOST", "WRITE_BACK_FAILED"]);

/** One run from its request to its result, in a sandbox that runs nothing else. */
export class Run {
  readonly #prepared: Launchable;
  readonly #options: ProgramOptions;
  readonly #startedAt: number;
  readonly #live: Live;
  readonly #execution: Execution;
  readonly #ends: Ends;
  readonly #delivered: Promise<void> | undefined;
  #timedOut = false;
  /** Enforces the workload's time limit. */
  #timer: Timer | undefined;

  /** Sends the plan, `hello` and the exec in one write. */
  constructor(
    prepared: Launchable,
    live: Live,
    request: ExecRequest,
    options: ProgramOptions,
    ends: Ends,
    startedAt: number,
  ) {
    const { workload } = prepared.compiled;
    this.#prepared = prepared;
    this.#options = options;
    this.#startedAt = startedAt;
    this.#live = live;
    this.#ends = ends;
    this.#execution = new Execution(this.#live, request, {
      stdout: ends.use("stdout"),
      stderr: ends.use("stderr"),
      bytes: workload.outputBytes,
      exceeded: () => this.#live.kill(new BulkheadError("OUTPUT_LIMIT", { operation: "run" })),
    });
    for (const port of options.ports ?? []) {
      expose(this.#live, port.inside, port).catch((error: BulkheadError) => this.#live.kill(error));
    }
    this.#delivered = ends.connectOutput(this.#execution);
    this.#start(ends.connectInput(this.#execution, request.stdin === "pipe"));
  }

  /** Tells the caller that the run started. An exception or rejection of the callback ends the run. */
  #start(stdin: Writable | null): void {
    const failed = (cause: unknown) => this.#ends.fail(callbackFailed("run", "options.onStart", cause));
    try {
      const said: unknown = this.#options.onStart?.({
        id: this.#prepared.compiled.plan.id,
        stdin,
        kill: (signal = "SIGTERM") =>
          this.#execution.stream.control({ op: "signal", signal: signalNumber("run.kill", signal) }),
        resize: (size) => {
          requireArguments("run.resize", ["size", terminalSize, size]);
          this.#execution.stream.control({ op: "resize", rows: size.rows, cols: size.cols });
        },
      });
      if (isPromise(said)) said.then(undefined, failed);
    } catch (cause) {
      failed(cause);
    }
  }

  async finish(recorder: Recorder | undefined): Promise<RunResult> {
    try {
      return await this.#conclude(await this.#settle(), recorder);
    } finally {
      this.#timer?.stop();
    }
  }

  /** Waits for the program within its time limit. The boot of a machine has its own limit. */
  async #settle(): Promise<Settled> {
    let over = false;
    const start = () => {
      if (!over) this.#limitTime(this.#prepared.compiled.workload.timeMs);
    };
    this.#live.running.launched.then(start, () => undefined);
    try {
      return await this.#execution.settled;
    } finally {
      over = true;
      this.#timer?.stop();
    }
  }

  #limitTime(timeMs: number | null = RUN_TIME_MS): void {
    if (timeMs !== null) this.#timer = after(timeMs, () => this.#timeOut());
  }

  /** Waits until the output is taken, for at most the program's time limit and until the caller aborts. */
  async #deliver(): Promise<void> {
    if (this.#delivered === undefined) return;
    this.#limitTime(this.#prepared.compiled.workload.timeMs);
    await this.#delivered;
    this.#timer?.stop();
  }

  async #conclude(settled: Settled, recorder: Recorder | undefined): Promise<RunResult> {
    const { running } = this.#live;
    if ("error" in settled && this.#isCallers(settled.error)) throw settled.error;
    // Report nothing about a sandbox without evidence from outside.
    const launched = await running.launched;
    const writeBack = await this.#writeBack();
    if (this.#live.flush !== undefined) await this.#live.flush();
    this.#live.release();
    const { stats, error } = await running.ended;
    await this.#prepared.egress?.close();
    if (error !== undefined) {
      throw errorFromWire(error, "LAUNCH_FAILED");
    }
    await this.#deliver();
    if (this.#ends.failure !== undefined) throw this.#ends.failure;
    throwIfAborted("run", this.#options.signal);
    const endedAt = Date.now();
    const { compiled } = this.#prepared;
    const facts: RunFacts = {
      ...this.#outcome(settled, (stats.oomKills ?? 0) > 0),
      output: this.#execution.collected(),
      timedOut: this.#timedOut,
      outputTruncated: this.#execution.truncated,
      durationMs: now() - this.#startedAt,
      stats,
      level: compiled.level,
      enforcement: confirm(compiled.enforcement, launched),
      writeBack,
      notes: compiled.workload.notes,
      lowered: compiled.workload.lowered ?? [],
    };
    if (recorder === undefined) return runResult(facts);
    const { host, wardenVersion } = this.#prepared;
    const record = await recorder.record({
      level: facts.level,
      host: { kernel: host.facts.kernel, architecture: host.architecture },
      warden: { version: wardenVersion },
      enforcement: facts.enforcement,
      evidence: launched.evidence,
      startedAt: new Date(endedAt - facts.durationMs).toISOString(),
      endedAt: new Date(endedAt).toISOString(),
      result: recordedResult(facts),
    });
    return runResult({ ...facts, record });
  }

  /**
   * Writes the workload's changes to copies of host directories back to the host. A failure is reported beside the
   * program's own result.
   */
  async #writeBack(): Promise<WriteBackOutcome | null> {
    const { writeBack } = this.#prepared;
    if (writeBack === null) return null;
    try {
      return await writeBack.write(this.#live);
    } catch (error) {
      const isResult = error instanceof BulkheadError && WRITE_BACK_CODES.has(error.code);
      if (!isResult) {
        this.#live.kill(error instanceof BulkheadError ? error : new BulkheadError("WRITE_BACK_FAILED"));
        throw error;
      }
      return { directories: [], error };
    }
  }

  #timeOut(): void {
    this.#timedOut = true;
    this.#live.kill(new BulkheadError("TIMED_OUT", { operation: "run" }));
    // A taker that has not taken the output by now has had its time.
    this.#ends[Symbol.dispose]();
  }

  #isCallers(error: BulkheadError): boolean {
    return error.code === "ABORTED" || error === this.#ends.failure;
  }

  /** Maps a failure: one of the workload is a result, one of Bulkhead is thrown. */
  #outcome(settled: Settled, oomKilled: boolean): { readonly status: ExitStatus; readonly failure?: StartFailure } {
    if ("status" in settled) {
      return settled;
    }
    const { error } = settled;
    const failure = startFailure(error);
    if (failure !== undefined) return { status: failure.status, failure };
    // The kernel may choose init as the OOM victim, and everything ends with it.
    const isOom = error.code === "SANDBOX_LOST" && oomKilled;
    if (isOom || error.code === "TIMED_OUT" || error.code === "OUTPUT_LIMIT") return { status: KILLED };
    throw error;
  }
}

/** Listens until the returned function is called. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}

/** Loaded once: with a custom loader, resolving the module again takes longer than signing. */
let recording: Promise<typeof import("../record/recorder.js")> | undefined;

/** Loads signing only on request. A system broker's executable may not be readable to us. */
export async function recorderFor(
  record: RecordOptions,
  broker: string | undefined = process.env["BULKHEAD_BROKER"],
): Promise<Recorder> {
  recording ??= import("../record/recorder.js");
  const { Recorder } = await recording;
  return new Recorder(record, broker === undefined || broker === "" ? wardenPath() : null);
}

import type { Writable } from "node:stream";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import { confirm } from "../evidence/confirm.js";
import { wardenPath } from "../host/locate.js";
import { RUN_TIME_MS } from "../policy/defaults.js";
import type { Policy } from "../policy/schema.js";
import type { Recorder, RecordOptions } from "../record/recorder.js";
import { now } from "./clock.js";
import { type ExecOptions, type ExecRequest, execRequest, type TerminalSize } from "./exec-options.js";
import { Execution, type Settled } from "./execution.js";
import { type ExposeOptions, expose } from "./expose.js";
import { Live } from "./live.js";
import { connectNetwork } from "./network.js";
import { type Prepared, type PrepareOptions, prepare } from "./prepare.js";
import { type ExitStatus, KILLED } from "./process-result.js";
import { type RunFacts, type RunResult, recordedResult, runResult, type WriteBackOutcome } from "./run-result.js";
import { signalNumber } from "./signals.js";
import { connectStdin } from "./stdin.js";

/** What is said in the result: a program that ended well did so, whatever became of its files. */
const WRITE_BACK_CODES: ReadonlySet<string> = new Set(["WRITE_BACK_LOST", "WRITE_BACK_FAILED"]);

/** A run that is under way. */
export interface RunControl {
  /** Where `stdin` is `"pipe"`. */
  readonly stdin: Writable | null;
  /** Sends a signal to the workload's process group. */
  kill(signal?: string | number): void;
  /** Tells its terminal another size. */
  resize(size: TerminalSize): void;
}

/** A port inside, and where it is to be reached. */
export interface PublishedPort extends ExposeOptions {
  readonly inside: number;
}

export interface RunOptions
  extends PrepareOptions,
    Pick<ExecOptions, "env" | "cwd" | "user" | "tty" | "stdin" | "input"> {
  /** Ends the run, and makes it reject with ABORTED. */
  readonly signal?: AbortSignal;
  /** Where the output goes as it comes, instead of into the result. They are not ended. */
  readonly output?: { readonly stdout: Writable; readonly stderr: Writable };
  /** Ports inside that are reachable from the host as long as it runs, as `sandbox.expose` makes them. */
  readonly ports?: readonly PublishedPort[];
  /** Makes a signed record of what was in force: `result.record`. */
  readonly record?: RecordOptions;
  /** Called when the request is on its way, so that the workload can be signalled, written to or resized. */
  readonly onStart?: (run: RunControl) => void;
}

/**
 * Runs one program in a sandbox of its own, which is gone afterwards.
 *
 * ```ts
 * const { stdout, exitCode } = await run(["sh", "-c", "id"], { level: "container" });
 * ```
 *
 * Resolves however the program ended, and also when it could not be started (127 not found, 126 not executable, with
 * `error`). With an empty `argv` the image's own command runs.
 * @throws BulkheadError whenever Bulkhead itself refused or failed: POLICY_INVALID, REQUIREMENT_UNMET, LEVEL_UNAVAILABLE,
 * what keeps a sandbox from being launched, PORT_UNAVAILABLE, ABORTED, PROTOCOL_VIOLATION, SANDBOX_LOST, BROKER_LOST
 */
export async function run(argv: readonly string[], policy: Policy = {}, options: RunOptions = {}): Promise<RunResult> {
  const startedAt = now();
  const prepared = await prepare(policy, options);
  const { plan, workload } = prepared.compiled;
  const request = execRequest(argv.length === 0 ? workload.argv : argv, workload, options);
  const recorder = options.record === undefined ? undefined : await recorderFor(options.record, options);
  const live = new Live(prepared.driver.launch(plan));
  if (prepared.egress !== null) await connectNetwork(live, prepared.egress);
  await beginWriteBack(prepared, live, options.signal);
  const running = new Run(prepared, live, request, options, startedAt);
  recorder?.start({ plan, policy, argv: request.argv, imageDigest: workload.imageDigest ?? null });
  return await running.finish(recorder);
}

/** Copies of host directories are looked at before anything of the workload runs. */
async function beginWriteBack({ writeBack }: Prepared, live: Live, signal: AbortSignal | undefined): Promise<void> {
  if (writeBack === null) return;
  const release = killOnAbort(live, signal);
  try {
    await live.running.launched;
    await writeBack.begin(live);
  } catch (error) {
    if (signal?.aborted === true) throw aborted(signal);
    throw error;
  } finally {
    release();
  }
}

/** Until the function that it returns is called. */
function killOnAbort(live: Live, signal: AbortSignal | undefined): () => void {
  const abort = () => live.kill(aborted(signal));
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}

/** Signing is loaded only where it is asked for. A system broker's program is not ours to read. */
/** Loaded once: to look a module up again takes longer, where a loader of its own does it, than to sign. */
let recording: Promise<typeof import("../record/recorder.js")> | undefined;

async function recorderFor(
  record: RecordOptions,
  { broker = process.env["BULKHEAD_BROKER"] }: RunOptions,
): Promise<Recorder> {
  recording ??= import("../record/recorder.js");
  const { Recorder } = await recording;
  return new Recorder(record, broker === undefined || broker === "" ? wardenPath() : null);
}

/** One run from launch to result. */
class Run {
  readonly #prepared: Prepared;
  readonly #options: RunOptions;
  readonly #startedAt: number;
  readonly #live: Live;
  readonly #execution: Execution;
  readonly #delivered: Promise<unknown> | undefined;
  #timedOut = false;

  /** The plan, `hello` and the exec leave in one write. */
  constructor(prepared: Prepared, live: Live, request: ExecRequest, options: RunOptions, startedAt: number) {
    const { workload } = prepared.compiled;
    this.#prepared = prepared;
    this.#options = options;
    this.#startedAt = startedAt;
    this.#live = live;
    this.#execution = new Execution(this.#live, request, {
      buffer: options.output === undefined,
      bytes: workload.outputBytes,
      exceeded: () => this.#live.kill(new BulkheadError("OUTPUT_LIMIT", { operation: "run" })),
    });
    for (const port of options.ports ?? []) {
      expose(this.#live, port.inside, port).catch((error: BulkheadError) => this.#live.kill(error));
    }
    this.#delivered = this.#deliver();
    const stdin = connectStdin(this.#execution, request, options);
    options.onStart?.({
      stdin,
      kill: (signal = "SIGTERM") => this.#execution.stream.control({ op: "signal", signal: signalNumber(signal) }),
      resize: ({ rows, cols }) => this.#execution.stream.control({ op: "resize", rows, cols }),
    });
  }

  async finish(recorder: Recorder | undefined): Promise<RunResult> {
    const settled = await this.#settle();
    const { running } = this.#live;
    if ("error" in settled && settled.error.code === "ABORTED") {
      await running.ended.catch(() => undefined);
      throw settled.error;
    }
    // Nothing is reported of a sandbox that nobody has looked at from outside.
    const launched = await running.launched;
    const writeBack = await this.#writeBack();
    this.#live.release();
    const { stats, error } = await running.ended;
    if (error !== undefined) {
      throw errorFromWire(error, "LAUNCH_FAILED");
    }
    await this.#delivered;
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
      enforcement: confirm(compiled.enforcement, compiled.plan, launched.evidence),
      writeBack,
      notes: compiled.workload.notes,
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

  /** What the workload changed in copies of host directories goes to the host. That it could not is told beside how the program ended. */
  async #writeBack(): Promise<WriteBackOutcome | null> {
    const { writeBack } = this.#prepared;
    if (writeBack === null) return null;
    const release = killOnAbort(this.#live, this.#options.signal);
    try {
      return await writeBack.write(this.#live);
    } catch (error) {
      const isResult = error instanceof BulkheadError && WRITE_BACK_CODES.has(error.code);
      if (!isResult) {
        this.#live.kill(error instanceof BulkheadError ? error : new BulkheadError("WRITE_BACK_FAILED"));
        throw error;
      }
      return { directories: [], error };
    } finally {
      release();
    }
  }

  /** Waits for the program, as long as time and caller allow. */
  async #settle(): Promise<Settled> {
    const { signal } = this.#options;
    const timeMs = this.#prepared.compiled.workload.timeMs;
    const abort = () => this.#live.kill(aborted(signal));
    let timer: NodeJS.Timeout | undefined;
    // It is the workload's time. A machine that boots is bounded by itself.
    const start = () => {
      if (timeMs !== null && !settled) timer = setTimeout(() => this.#timeOut(), timeMs ?? RUN_TIME_MS);
    };
    let settled = false;
    this.#live.running.launched.then(start, () => undefined);
    if (signal?.aborted === true) {
      abort();
    }
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await this.#execution.settled;
    } finally {
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #timeOut(): void {
    this.#timedOut = true;
    this.#live.kill(new BulkheadError("TIMED_OUT", { operation: "run" }));
  }

  /** What a failure comes to: the workload's own are results, ours are thrown. */
  #outcome(settled: Settled, oomKilled: boolean): { readonly status: ExitStatus; readonly error?: BulkheadError } {
    if ("status" in settled) {
      return settled;
    }
    const { error } = settled;
    switch (error.code) {
      case "TIMED_OUT":
      case "OUTPUT_LIMIT":
        return { status: KILLED };
      case "EXEC_NOT_FOUND":
        return { status: { exitCode: 127, signal: null }, error };
      case "EXEC_NOT_EXECUTABLE":
      case "EXEC_FAILED":
        return { status: { exitCode: 126, signal: null }, error };
      case "SANDBOX_LOST":
        // The kernel may choose init when memory runs out, and with it everything goes.
        if (oomKilled) {
          return { status: KILLED };
        }
    }
    throw error;
  }

  /** Passes the output on; resolves when its reader has taken all of it, or does not want it any more. */
  #deliver(): Promise<unknown> | undefined {
    const { streams } = this.#execution;
    const { output } = this.#options;
    if (streams === undefined || output === undefined) {
      return undefined;
    }
    const pairs = [[streams.stdout, output.stdout] as const, [streams.stderr, output.stderr] as const];
    return Promise.all(
      pairs.map(async ([from, to]) => {
        const stop = () => from.destroy();
        to.once("error", stop).once("close", stop);
        from.pipe(to, { end: false });
        // However it ends it closes; a failure is told where the program's is.
        await new Promise((resolve) => from.once("error", () => undefined).once("close", resolve));
        to.off("error", stop).off("close", stop);
      }),
    );
  }
}

function aborted(signal: AbortSignal | undefined): BulkheadError {
  return new BulkheadError("ABORTED", { operation: "run", cause: signal?.reason });
}

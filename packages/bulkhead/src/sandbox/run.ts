import type { Writable } from "node:stream";
import { callbackFailed, isPromise } from "../arguments/callbacks.js";
import type { Check } from "../arguments/check.js";
import { requireArguments } from "../arguments/require.js";
import { callback, hostPath, list, object, required } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import { confirm } from "../evidence/confirm.js";
import { wardenPath } from "../host/locate.js";
import { RUN_TIME_MS } from "../policy/defaults.js";
import type { Policy } from "../policy/schema.js";
import type { Recorder, RecordOptions } from "../record/recorder.js";
import { now } from "./clock.js";
import { output } from "./ends/checks.js";
import { Ends } from "./ends/ends.js";
import type { ByteSink } from "./ends/sink.js";
import {
  argvCheck,
  copyOptions,
  type ExecOptions,
  type ExecRequest,
  exclusive,
  execRequest,
  programShape,
  type TerminalSize,
  terminalSize,
} from "./exec-options.js";
import { Execution, type Settled } from "./execution.js";
import { type ExposeOptions, expose, hostPort, insidePort, listenAddress } from "./expose.js";
import { Live } from "./live.js";
import { connectNetwork } from "./network.js";
import { POLICY_HINTS, policyArgument, policyOfNow, prepareShape } from "./options.js";
import { type Prepared, type PrepareOptions, prepare } from "./prepare.js";
import { type ExitStatus, KILLED, type StartFailure, startFailure } from "./process-result.js";
import { type RunFacts, type RunResult, recordedResult, runResult, type WriteBackOutcome } from "./run-result.js";
import { signalNumber } from "./signals.js";
import { after, type Timer } from "./timer.js";

/** What is said in the result: a program that ended well did so, whatever became of its files. */
const WRITE_BACK_CODES: ReadonlySet<string> = new Set(["WRITE_BACK_LOST", "WRITE_BACK_FAILED"]);

/** A run that is under way. */
export interface RunControl {
  /** Of its sandbox, as `listSandboxes` shows it. */
  readonly id: string;
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
    Pick<ExecOptions, "env" | "cwd" | "user" | "tty" | "stdin" | "input" | "onStdout" | "onStderr"> {
  /** Ends the run, and makes it reject with ABORTED. */
  readonly signal?: AbortSignal;
  /** Where the output goes as it comes, instead of into the result. They are not ended; the one that is left out is collected. */
  readonly output?: { readonly stdout?: ByteSink; readonly stderr?: ByteSink };
  /** Ports inside that are reachable from the host as long as it runs, as `sandbox.expose` makes them. */
  readonly ports?: readonly PublishedPort[];
  /** Makes a signed record of what was in force: `result.record`. */
  readonly record?: RecordOptions;
  /** Called when the request is on its way, so that the workload can be signalled, written to or resized. */
  readonly onStart?: (run: RunControl) => void;
}

const publishedPort = object<PublishedPort>({ inside: insidePort, address: listenAddress, port: hostPort });
const fields = exclusive(
  object<RunOptions>(
    {
      ...prepareShape,
      ...programShape,
      output,
      ports: list(required(publishedPort, "inside")),
      record: object<RecordOptions>({ to: hostPath, key: hostPath }),
      onStart: callback<NonNullable<RunOptions["onStart"]>>(),
    },
    POLICY_HINTS,
  ),
  ["stdin", "input"],
);

const runOptions: Check<RunOptions> = (value, path, flaws) => {
  fields(value, path, flaws);
  if (flaws.length > 0) return;
  const { output: sinks, onStdout, onStderr } = value as RunOptions;
  const refuse = (name: string, sink: string) =>
    flaws.push({ path: `${path}.${name}`, message: `excludes \`output.${sink}\`: give only one of them` });
  if (sinks?.stdout !== undefined && onStdout !== undefined) refuse("onStdout", "stdout");
  if (sinks?.stderr !== undefined && onStderr !== undefined) refuse("onStderr", "stderr");
};

/**
 * Runs one program in a sandbox of its own, which is gone afterwards.
 *
 * ```ts
 * const { stdout, exitCode } = await run(["sh", "-c", "id"], { level: "container" });
 * ```
 *
 * Resolves however the program ended, and also when it could not be started (127 `notFound`, 126 `notExecutable`, with
 * `error`). With an empty `argv` the image's own command runs. Whatever a stream or function of the caller's does, nothing is left running.
 * @throws BulkheadError whenever Bulkhead itself refused or failed: ARGUMENT_INVALID, POLICY_INVALID, REQUIREMENT_UNMET,
 * LEVEL_UNAVAILABLE, what keeps a sandbox from being launched, PORT_UNAVAILABLE, ABORTED, CALLBACK_FAILED, STREAM_FAILED,
 * PROTOCOL_VIOLATION, SANDBOX_LOST, BROKER_LOST
 */
export async function run(argv: readonly string[], policy: Policy = {}, options: RunOptions = {}): Promise<RunResult> {
  const startedAt = now();
  requireArguments(
    "run",
    ["argv", argvCheck, argv],
    ["policy", policyArgument, policy],
    ["options", runOptions, options],
  );
  const chosen = copyOptions(options);
  using ends = new Ends("run", chosen);
  return await runOnce([...argv], policyOfNow(policy), chosen, ends, startedAt);
}

async function runOnce(
  argv: readonly string[],
  policy: Policy,
  options: RunOptions,
  ends: Ends,
  startedAt: number,
): Promise<RunResult> {
  throwIfAborted(options.signal);
  const prepared = await prepare(policy, options);
  const { plan, workload } = prepared.compiled;
  const { request, recorder } = await readied(prepared, argv, options, ends);
  const live = new Live(prepared.driver.launch(plan));
  const end = (error: BulkheadError) => {
    live.kill(error);
    ends[Symbol.dispose]();
  };
  const letGo = onAbort(options.signal, () => end(aborted(options.signal)));
  ends.whenFailed(end);
  try {
    if (prepared.egress !== null) await connectNetwork(live, prepared.egress);
    await beginWriteBack(prepared, live);
    const running = new Run(prepared, live, request, options, ends, startedAt);
    recorder?.start({ plan, policy, argv: request.argv, imageDigest: workload.imageDigest ?? null });
    return await running.finish(recorder);
  } catch (error) {
    // Whatever it was: nothing is left running, and nobody is told before that.
    live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "run", cause: error }));
    await live.running.ended.catch(() => undefined);
    throw options.signal?.aborted === true ? aborted(options.signal) : (ends.failure ?? error);
  } finally {
    letGo();
  }
}

/** What is found out last before anything is started. */
async function readied(prepared: Prepared, argv: readonly string[], options: RunOptions, ends: Ends) {
  try {
    const request = execRequest("run", argv, prepared.compiled.workload, options);
    const recorder = options.record === undefined ? undefined : await recorderFor(options.record, options);
    throwIfAborted(options.signal);
    if (ends.failure !== undefined) throw ends.failure;
    return { request, recorder };
  } catch (error) {
    prepared.discard();
    throw error;
  }
}

/** Copies of host directories are looked at before anything of the workload runs. */
async function beginWriteBack({ writeBack }: Prepared, live: Live): Promise<void> {
  if (writeBack === null) return;
  await live.running.launched;
  await writeBack.begin(live);
}

/** Until the function that it returns is called. */
function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}

/** Loaded once: to look a module up again takes longer, where a loader of its own does it, than to sign. */
let recording: Promise<typeof import("../record/recorder.js")> | undefined;

/** Signing is loaded only where it is asked for. A system broker's program is not ours to read. */
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
  readonly #ends: Ends;
  readonly #delivered: Promise<void> | undefined;
  #timedOut = false;
  /** The workload's time. */
  #timer: Timer | undefined;

  /** The plan, `hello` and the exec leave in one write. */
  constructor(
    prepared: Prepared,
    live: Live,
    request: ExecRequest,
    options: RunOptions,
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

  /** Tells the caller. What it throws ends the run, as what it rejects with does. */
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

  /** Waits for the program, as long as its time lasts. A machine that boots is bounded by itself. */
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

  /** Waits until the output is taken: as long again as the program may run, and nobody aborts it. */
  async #deliver(): Promise<void> {
    if (this.#delivered === undefined) return;
    this.#limitTime(this.#prepared.compiled.workload.timeMs);
    await this.#delivered;
    this.#timer?.stop();
  }

  async #conclude(settled: Settled, recorder: Recorder | undefined): Promise<RunResult> {
    const { running } = this.#live;
    if ("error" in settled && this.#isCallers(settled.error)) throw settled.error;
    // Nothing is reported of a sandbox that nobody has looked at from outside.
    const launched = await running.launched;
    const writeBack = await this.#writeBack();
    this.#live.release();
    const { stats, error } = await running.ended;
    if (error !== undefined) {
      throw errorFromWire(error, "LAUNCH_FAILED");
    }
    await this.#deliver();
    if (this.#ends.failure !== undefined) throw this.#ends.failure;
    throwIfAborted(this.#options.signal);
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

  /** What the workload changed in copies of host directories goes to the host. That it could not is told beside how the program ended. */
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
    // Who has not taken the output by now has had the time.
    this.#ends[Symbol.dispose]();
  }

  #isCallers(error: BulkheadError): boolean {
    return error.code === "ABORTED" || error === this.#ends.failure;
  }

  /** What a failure comes to: the workload's own are results, ours are thrown. */
  #outcome(settled: Settled, oomKilled: boolean): { readonly status: ExitStatus; readonly failure?: StartFailure } {
    if ("status" in settled) {
      return settled;
    }
    const { error } = settled;
    const failure = startFailure(error);
    if (failure !== undefined) return { status: failure.status, failure };
    // The kernel may choose init when memory runs out, and with it everything goes.
    const isOom = error.code === "SANDBOX_LOST" && oomKilled;
    if (isOom || error.code === "TIMED_OUT" || error.code === "OUTPUT_LIMIT") return { status: KILLED };
    throw error;
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal);
}

function aborted(signal: AbortSignal | undefined): BulkheadError {
  return new BulkheadError("ABORTED", { operation: "run", cause: signal?.reason });
}

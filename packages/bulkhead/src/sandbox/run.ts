import { requireArguments } from "../arguments/require.js";
import { aborted, throwIfAborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Policy } from "../policy/schema.js";
import type { Recorder } from "../record/recorder.js";
import { now } from "../session/clock.js";
import { Ends } from "../session/ends/ends.js";
import { argvCheck, copyOptions, type ExecRequest, execRequest } from "../session/exec-options.js";
import { Live } from "../session/live.js";
import type { Standing } from "./launch.js";
import { connectNetwork } from "./network.js";
import { onAbort, Run, recorderFor } from "./one-run.js";
import { policyArgument, policyOfNow } from "./options.js";
import type { Launchable } from "./prepare/launchable.js";
import { prepare } from "./prepare/prepare.js";
import { type ProgramOptions, type RunOptions, runOptions } from "./run-options.js";
import type { RunResult } from "./run-result.js";

/**
 * Runs one program in a new sandbox, and removes the sandbox afterwards.
 *
 * ```ts
 * const { stdout, exitCode } = await run(["sh", "-c", "id"], { level: "container" });
 * ```
 *
 * Resolves however the program ended, and also if it could not be started (127 `notFound`, 126 `notExecutable`, with
 * `error`). An empty `argv` runs the image's own command. Nothing is left running, whatever a caller's stream or
 * callback does.
 * @throws BulkheadError if Bulkhead itself refused or failed: ARGUMENT_INVALID, POLICY_INVALID, REQUIREMENT_UNMET,
 * LEVEL_UNAVAILABLE, any launch failure, PORT_UNAVAILABLE, ABORTED, CALLBACK_FAILED, STREAM_FAILED, PROTOCOL_VIOLATION,
 * SANDBOX_LOST, BROKER_LOST
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
  const asked = {
    argv: [...argv],
    policy: policyOfNow(policy),
    options: chosen,
    broker: chosen.broker,
    ends,
    startedAt,
  };
  throwIfAborted("run", chosen.signal);
  const prepared = await prepare(asked.policy, chosen);
  const readied = await makeReady(prepared, asked, prepared.discard);
  const live = new Live(prepared.driver.launch(prepared.compiled.plan));
  live.trace?.describe(prepared.compiled.level, asked.startedAt, true);
  return await conduct(prepared, live, asked, readied, async () => {
    if (prepared.egress !== null) await connectNetwork(live, prepared.egress);
    await beginWriteBack(prepared, live);
  });
}

/** The request for one run. */
export interface RunRequest {
  readonly argv: readonly string[];
  readonly policy: Policy;
  readonly options: ProgramOptions;
  /** Socket of a system broker, if the caller named one. */
  readonly broker: string | undefined;
  readonly ends: Ends;
  readonly startedAt: number;
}

/** The part of `run` after the launch, in a running sandbox that serves nothing else. @throws BulkheadError as `run` */
export async function runStanding({ prepared, live }: Standing, asked: RunRequest): Promise<RunResult> {
  const unused = () => live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "run" }));
  return await conduct(prepared, live, asked, await makeReady(prepared, asked, unused));
}

interface Readied {
  readonly request: ExecRequest;
  readonly recorder: Recorder | undefined;
}

/** The last preparations before the program starts. */
async function makeReady(prepared: Launchable, asked: RunRequest, discard: () => void): Promise<Readied> {
  const { options, ends } = asked;
  try {
    const request = execRequest("run", asked.argv, prepared.compiled.workload, options);
    const recorder = options.record === undefined ? undefined : await recorderFor(options.record, asked.broker);
    throwIfAborted("run", options.signal);
    if (ends.failure !== undefined) throw ends.failure;
    return { request, recorder };
  } catch (error) {
    discard();
    throw error;
  }
}

async function conduct(
  prepared: Launchable,
  live: Live,
  { policy, options, ends, startedAt }: RunRequest,
  { request, recorder }: Readied,
  begin: () => Promise<void> = async () => {},
): Promise<RunResult> {
  const end = (error: BulkheadError) => {
    live.kill(error);
    ends[Symbol.dispose]();
  };
  const letGo = onAbort(options.signal, () => end(aborted("run", options.signal)));
  ends.whenFailed(end);
  try {
    await begin();
    const running = new Run(prepared, live, request, options, ends, startedAt);
    const { plan, workload } = prepared.compiled;
    recorder?.start({ plan, policy, argv: request.argv, imageDigest: workload.imageDigest ?? null });
    const result = await running.finish(recorder);
    live.trace?.done();
    return result;
  } catch (error) {
    // Whatever failed, end the sandbox before reporting it.
    live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "run", cause: error }));
    await live.running.ended.catch(() => undefined);
    await prepared.egress?.close();
    throw options.signal?.aborted === true ? aborted("run", options.signal) : (ends.failure ?? error);
  } finally {
    letGo();
  }
}

/** Record the copies of host directories before any workload runs. */
async function beginWriteBack({ writeBack }: Launchable, live: Live): Promise<void> {
  if (writeBack === null) return;
  writeBack.prepare(live);
  await live.running.launched;
  await writeBack.begin(live);
}

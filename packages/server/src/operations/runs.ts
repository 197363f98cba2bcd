import { BulkheadError, type RunResult } from "bulkhead";
import type { Caller } from "../tenants/tokens.js";
import { choosePolicy, type PolicyChoice } from "./choice.js";
import { audited, type Core, egressOf } from "./core.js";
import { type ProgramRequest, programOptions, streamed } from "./executions.js";
import { freshId } from "./ids.js";
import { GuardedSink, type OutputSink, type ProgramEvent, pipeSink, TimedSink } from "./output.js";
import { OutputLog } from "./output-log.js";
import type { Pools } from "./pools.js";

export interface RunRequest extends PolicyChoice, ProgramRequest {}

/** One program in a sandbox of its own, which ends with it. */
export class Runs {
  readonly #core: Core;
  readonly #pools: Pools;

  constructor(core: Core, pools: Pools) {
    this.#core = core;
    this.#pools = pools;
  }

  /** @throws BulkheadError FLOOR_VIOLATED, POLICY_INVALID, QUOTA_EXCEEDED, SERVER_STOPPING, and as the library's run */
  async run(caller: Caller, request: RunRequest, signal: AbortSignal): Promise<RunResult> {
    const output = new OutputLog(this.#core.quotas, caller.project);
    try {
      const result = await this.#carryOut(caller, request, output, signal);
      return { ...result, ...output.text() };
    } finally {
      output.release();
    }
  }

  /** As `run`, but passes on the output as it comes. Abandoning the stream ends the run. */
  stream(caller: Caller, request: RunRequest, abort: AbortController): AsyncIterable<ProgramEvent> {
    return streamed(
      abort,
      async (pipe) =>
        await this.#carryOut(caller, request, pipeSink(pipe), abort.signal, (id) => pipe.push({ type: "start", id })),
    );
  }

  async #carryOut(
    caller: Caller,
    request: RunRequest,
    sink: OutputSink,
    signal: AbortSignal,
    begun?: (id: string) => Promise<void>,
  ): Promise<RunResult> {
    const { engine, work, quotas } = this.#core;
    const chosen = await choosePolicy(this.#core, caller, request, "run");
    const { policy, memoryBytes, digest } = chosen;
    const release = quotas.reserve(caller.project, memoryBytes, Date.now());
    const id = freshId("exe");
    const ending = new AbortController();
    const startedAt = performance.now();
    const timed = new TimedSink(sink);
    const guarded = new GuardedSink(timed, () => ending.abort());
    const options = {
      ...programOptions(request),
      output: guarded.streams(),
      signal: AbortSignal.any([signal, ending.signal, work.cut]),
    };
    try {
      return await audited(this.#core, caller, { action: "run", target: id, policyDigest: digest }, async () => {
        await begun?.(id);
        const { pool } = chosen;
        const { argv } = request;
        const running =
          pool === null
            ? engine.run(policy, argv, { ...options, egress: egressOf(this.#core, caller.project.id) })
            : this.#pools.run(caller.project, pool, chosen, { argv, options });
        const result = await running.catch((error: unknown) => {
          throw work.cut.aborted ? new BulkheadError("SERVER_STOPPING") : (guarded.failure ?? error);
        });
        const firstAt = timed.firstAt ?? performance.now();
        this.#core.metrics.firstOutput(caller.project.id, result.level, firstAt - startedAt);
        return result;
      });
    } finally {
      release();
    }
  }
}

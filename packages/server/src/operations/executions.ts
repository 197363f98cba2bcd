import { BulkheadError, type Process, type RunResult } from "bulkhead";
import type { ExecutionRow } from "../store/store.js";
import type { Caller } from "../tenants/tokens.js";
import { audited, type Core, codeOf } from "./core.js";
import { EventPipe } from "./event-pipe.js";
import { freshId } from "./ids.js";
import { GuardedSink, type OutputSink, type ProgramEvent, pipeSink } from "./output.js";
import { OutputLog, type OutputPiece } from "./output-log.js";
import { type ExecutionResult, executionResult, failedStart, withoutOutput } from "./results.js";
import type { LiveSandbox, Sandboxes } from "./sandboxes.js";

/** Output of detached programs that the server keeps for one sandbox; beyond it, that of the oldest is forgotten. */
const KEPT_BYTES = 16 * 1024 * 1024;
const MAX_KEPT = 256;

/** Programs in progress in one sandbox: a program that waits for its turn holds its input in the server's memory. */
const MAX_PROGRAMS = 64;

/** A program for a sandbox, or for a `run`. */
export interface ProgramRequest {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly user?: number | string | undefined;
  readonly input?: Uint8Array | undefined;
}

export interface ExecRequest extends ProgramRequest {
  readonly timeoutMs?: number | undefined;
  /** Keeps stdin open for later requests. */
  readonly openStdin: boolean;
}

/** A program that runs or has ended, as far as the server still knows it. */
interface Kept {
  readonly sandbox: string;
  readonly output: OutputLog | null;
  process: Process | null;
  result: ExecutionResult | null;
  error: string | null;
  /** Whether a piece of stdin waits for the program. */
  writing: boolean;
}

export interface ExecutionView {
  readonly row: ExecutionRow;
  /** With the output, if the server still keeps it. */
  readonly result: ExecutionResult | null;
}

/** Programs in sandboxes that last. */
export class Executions {
  readonly #core: Core;
  readonly #sandboxes: Sandboxes;
  readonly #kept = new Map<string, Kept>();

  constructor(core: Core, sandboxes: Sandboxes) {
    this.#core = core;
    this.#sandboxes = sandboxes;
  }

  /** Runs a program to its end. Ends it when `signal` is aborted. @throws BulkheadError as `sandbox.exec` */
  async run(caller: Caller, sandboxId: string, request: ExecRequest, signal: AbortSignal): Promise<ExecutionView> {
    const live = await this.#sandboxes.live(caller.project.id, sandboxId);
    const output = new OutputLog(this.#core.quotas, caller.project);
    try {
      const id = freshId("exe");
      const ended = await this.#carryOut(caller, live, id, request, { sink: output, output: null, signal });
      const row = await this.#row(caller.project.id, sandboxId, id);
      return { row, result: { ...ended, ...output.text() } };
    } finally {
      output.release();
    }
  }

  /** Runs a program and passes on its output as it comes. The stream ends the program when it is abandoned. */
  async stream(
    caller: Caller,
    sandboxId: string,
    request: ExecRequest,
    abort: AbortController,
  ): Promise<AsyncIterable<ProgramEvent>> {
    const live = await this.#sandboxes.live(caller.project.id, sandboxId);
    return streamed(abort, async (pipe) => {
      const id = freshId("exe");
      const begun = async () => await pipe.push({ type: "start", id });
      const places = { sink: pipeSink(pipe), output: null, signal: abort.signal, begun };
      return await this.#carryOut(caller, live, id, request, places);
    });
  }

  /** Starts a program that outlives the request; the server keeps its result. */
  async detach(caller: Caller, sandboxId: string, request: ExecRequest): Promise<ExecutionView> {
    const live = await this.#sandboxes.live(caller.project.id, sandboxId);
    const id = freshId("exe");
    const output = new OutputLog(this.#core.quotas, caller.project);
    await new Promise<void>((resolve, reject) => {
      const places = { sink: output, output, signal: new AbortController().signal, begun: async () => resolve() };
      // Once it has begun, its failure is its result, and this rejection has no effect.
      this.#carryOut(caller, live, id, request, places).then(() => resolve(), reject);
    });
    return await this.get(caller.project.id, sandboxId, id);
  }

  async #carryOut(
    caller: Caller,
    live: LiveSandbox,
    id: string,
    request: ExecRequest,
    places: {
      readonly sink: OutputSink;
      readonly output: OutputLog | null;
      readonly signal: AbortSignal;
      readonly begun?: () => Promise<void>;
    },
  ): Promise<ExecutionResult> {
    const { store } = this.#core;
    const leave = this.#enter(caller, live, request);
    const ends = { process: null, result: null, error: null, writing: false };
    const kept: Kept = { sandbox: live.id, output: places.output, ...ends };
    const carriedOut = audited(this.#core, caller, { action: "execution.run", target: id }, async () => {
      const times = { createdAt: Date.now(), endedAt: null, result: null } as const;
      await store.addExecution({ id, project: live.project, sandbox: live.id, state: "running", ...times });
      this.#kept.set(id, kept);
      try {
        kept.result = await this.#perform(live, request, places, kept);
        await store.endExecution(id, "ended", Date.now(), withoutOutput(kept.result));
        return kept.result;
      } catch (error) {
        kept.error = codeOf(error);
        await store.endExecution(id, "lost", Date.now(), null);
        throw error;
      } finally {
        kept.process = null;
        kept.output?.end();
        if (this.#sandboxes.isLive(live.id)) this.#trim(live.id);
        // The program began while the sandbox ended, after the others were forgotten.
        else this.forget(live.id);
      }
    });
    return await carriedOut.finally(leave);
  }

  /**
   * Counts a program and its input; the function returned ends it.
   * @throws BulkheadError TOO_MANY_OPERATIONS, QUOTA_EXCEEDED
   */
  #enter({ project }: Caller, live: LiveSandbox, { input }: ExecRequest): () => void {
    if (live.programs >= MAX_PROGRAMS) throw new BulkheadError("TOO_MANY_OPERATIONS", { operation: "exec" });
    const bytes = input?.length ?? 0;
    this.#core.quotas.hold(project, bytes);
    live.programs += 1;
    return () => {
      live.programs -= 1;
      this.#core.quotas.hold(project, -bytes);
    };
  }

  async #perform(
    { sandbox, outputBytes }: LiveSandbox,
    { openStdin, timeoutMs, ...program }: ExecRequest,
    { sink, signal, begun }: { sink: OutputSink; signal: AbortSignal; begun?: () => Promise<void> },
    kept: Kept,
  ): Promise<ExecutionResult> {
    const ending = new AbortController();
    const guarded = new GuardedSink(sink, () => ending.abort());
    try {
      const process = await sandbox.exec(program.argv, {
        ...programOptions(program),
        ...(openStdin ? { stdin: "pipe" as const } : {}),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        onStdout: (bytes) => guarded.stdout(bytes),
        onStderr: (bytes) => guarded.stderr(bytes),
        ...(sink instanceof OutputLog ? { outputBytes } : {}),
        signal: AbortSignal.any([signal, ending.signal]),
      });
      kept.process = process;
      await begun?.();
      return executionResult(await process.result);
    } catch (error) {
      return failedStart(guarded.failure ?? error);
    }
  }

  /** @throws BulkheadError API_NOT_FOUND */
  async get(project: string, sandboxId: string, id: string): Promise<ExecutionView> {
    return this.#view(await this.#row(project, sandboxId, id));
  }

  #view(row: ExecutionRow): ExecutionView {
    const kept = this.#kept.get(row.id);
    if (kept?.result === null || kept === undefined) {
      return { row, result: row.result === null ? null : (JSON.parse(row.result) as ExecutionResult) };
    }
    return { row, result: { ...kept.result, ...kept.output?.text() } };
  }

  async #row(project: string, sandboxId: string, id: string): Promise<ExecutionRow> {
    const row = await this.#core.store.execution(project, sandboxId, id);
    if (row === undefined) throw new BulkheadError("API_NOT_FOUND", { detail: "execution" });
    return row;
  }

  /**
   * The output of a detached program from an offset on, whoever read it before, and at last how the program ended.
   * @throws BulkheadError API_NOT_FOUND; API_REQUEST_INVALID for an offset beyond the output
   */
  async output(
    project: string,
    sandboxId: string,
    id: string,
    { from, signal }: { readonly from: number; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<OutputPiece | ExecutionView>> {
    const known = await this.#row(project, sandboxId, id);
    const kept = this.#kept.get(id);
    const output = kept?.output ?? null;
    if (kept === undefined || output === null) {
      throw new BulkheadError("API_NOT_FOUND", { detail: "output: the server does not keep it" });
    }
    const pieces = output.read(from, signal);
    const ending = async () => await this.#ending(known, kept);
    return (async function* () {
      yield* pieces;
      if (signal.aborted) return;
      const { row, result } = await ending();
      // The reader has the output.
      yield { row, result: result === null ? null : { ...result, stdout: "", stderr: "" } };
    })();
  }

  /** How a program ended of which a reader has the output, also if the store has forgotten it meanwhile. */
  async #ending(known: ExecutionRow, { result }: Kept): Promise<ExecutionView> {
    const row = await this.#core.store.execution(known.project, known.sandbox, known.id);
    if (row !== undefined) return this.#view(row);
    if (known.state !== "running") return { row: known, result };
    const state = result === null ? "lost" : "ended";
    return { row: { ...known, state, endedAt: Date.now() }, result };
  }

  /** Sends a signal to the program's process group; none if it has ended. */
  async signal(caller: Caller, sandboxId: string, id: string, signal: string): Promise<ExecutionView> {
    await this.#row(caller.project.id, sandboxId, id);
    await audited(this.#core, caller, { action: "execution.signal", target: id }, async () => {
      this.#kept.get(id)?.process?.kill(signal);
    });
    return await this.get(caller.project.id, sandboxId, id);
  }

  /**
   * Writes to the program's stdin, and with `end` closes it. One piece may wait for the program, whether or not its
   * client does: more would fill the server's memory.
   * @throws BulkheadError STREAM_FAILED if it is closed, or another piece waits
   */
  async write(caller: Caller, sandboxId: string, id: string, bytes: Uint8Array, end: boolean): Promise<void> {
    await this.#row(caller.project.id, sandboxId, id);
    const kept = this.#kept.get(id);
    const stdin = kept?.process?.stdin ?? null;
    if (kept === undefined || stdin === null || !stdin.writable || kept.writing) {
      throw new BulkheadError("STREAM_FAILED", { operation: "write stdin" });
    }
    kept.writing = true;
    await new Promise<void>((resolve, reject) => {
      const done = (cause?: Error | null) =>
        cause === undefined || cause === null
          ? resolve()
          : reject(new BulkheadError("STREAM_FAILED", { operation: "write stdin", cause }));
      if (end) stdin.end(bytes, done);
      else stdin.write(bytes, done);
    }).finally(() => {
      kept.writing = false;
    });
  }

  /** Forgets the programs of a sandbox that has ended; the store has how they ended. */
  forget(sandboxId: string): void {
    for (const [id, kept] of this.#of(sandboxId)) {
      kept.output?.release();
      this.#kept.delete(id);
    }
  }

  #trim(sandboxId: string): void {
    const ended = this.#of(sandboxId).filter(([, { result, error }]) => result !== null || error !== null);
    let bytes = ended.reduce((sum, [, { output }]) => sum + (output?.heldBytes ?? 0), 0);
    for (const [index, [id, { output }]] of ended.entries()) {
      if (bytes <= KEPT_BYTES && ended.length - index <= MAX_KEPT) return;
      bytes -= output?.heldBytes ?? 0;
      output?.release();
      this.#kept.delete(id);
    }
  }

  #of(sandboxId: string): readonly (readonly [string, Kept])[] {
    return [...this.#kept].filter(([, { sandbox }]) => sandbox === sandboxId);
  }
}

/** The library's options of a program that a request describes. */
export function programOptions({ env, cwd, user, input }: Omit<ProgramRequest, "argv">) {
  return {
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { user }),
    ...(input === undefined ? {} : { input }),
  };
}

/** The events of a program that `start` runs; its failure is the last event. */
export function streamed(
  abort: AbortController,
  start: (pipe: EventPipe<ProgramEvent>) => Promise<ExecutionResult | RunResult>,
): AsyncIterable<ProgramEvent> {
  const pipe = new EventPipe<ProgramEvent>(() => abort.abort());
  abort.signal.addEventListener("abort", () => pipe.abandon(), { once: true });
  void start(pipe)
    .then(
      async (result) => await pipe.push({ type: "result", result }),
      async (error: unknown) => await pipe.push({ type: "error", error }),
    )
    .finally(() => pipe.end());
  return pipe;
}

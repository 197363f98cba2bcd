import type { Evidence } from "../broker/evidence.js";
import type { Stats } from "../broker/messages.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { Ends } from "./ends/ends.js";
import { type ExecOptions, execRequest, type ProgramDefaults } from "./exec-options.js";
import { type Files, filesOf } from "./files/files.js";
import type { Live } from "./live.js";
import { hasStarted, type Process, startProcess } from "./process.js";
import type { ProcessResult } from "./process-result.js";
import { type Startable, start } from "./start.js";
import { after } from "./timer.js";
import { inTurn } from "./turn.js";

/** Defaults for all programs of a session, unless one exec overrides them. */
export interface SessionDefaults extends ProgramDefaults {
  /** Maximum bytes of collected output. */
  readonly outputBytes: number;
  /** Time after which the whole session is killed. Null or undefined: never. */
  readonly timeMs: number | null | undefined;
}

/**
 * A running sandbox created from a plan: its programs, its files, and its end. It knows the channel and the driver.
 * Policies, images and networks belong to higher layers.
 */
export class Session implements AsyncDisposable {
  readonly live: Live;
  readonly files: Files;
  readonly #defaults: SessionDefaults;

  constructor(live: Live, defaults: SessionDefaults) {
    this.live = live;
    this.files = filesOf(live);
    this.#defaults = defaults;
    limitTime(live, defaults.timeMs);
    // From here on it keeps this process alive only while an operation is in progress.
    live.letGo();
  }

  /** Launches a plan. @throws BulkheadError as `start` */
  static async start(
    made: Startable & { readonly defaults: SessionDefaults },
    signal: AbortSignal | undefined,
  ): Promise<Session> {
    const { live } = await start(made, signal);
    return new Session(live, made.defaults);
  }

  /** Starts a program when its turn comes. Resolves when it runs; rejects if it cannot start. */
  async exec(argv: readonly string[], options: ExecOptions, operation = "exec"): Promise<Process> {
    const process = await this.#begin(operation, argv, options);
    await hasStarted(process);
    return process;
  }

  /** Runs a program to its end and collects its output. */
  async run(argv: readonly string[], options: ExecOptions, operation = "run"): Promise<ProcessResult> {
    const process = await this.#begin(operation, argv, { ...options, buffer: true });
    return await process.result;
  }

  /** Resource use, measured from outside. */
  async stats(): Promise<Stats> {
    return await this.live.during(async () => await this.live.running.stats());
  }

  /** The protections in force for each process inside, read again from outside. */
  async evidence(): Promise<Evidence> {
    return await this.live.during(async () => await this.live.running.evidence());
  }

  /** Kills everything inside. Resolves when nothing is left; operations in progress fail with SANDBOX_CLOSED. */
  async kill(): Promise<void> {
    this.live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "kill" }));
    // A lost broker takes its sandboxes with it.
    await this.live.during(async () => await this.live.running.ended).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #begin(operation: string, argv: readonly string[], options: ExecOptions): Promise<Process> {
    const request = execRequest(operation, argv, this.#defaults, options);
    const outputBytes = options.outputBytes ?? (options.buffer === true ? this.#defaults.outputBytes : undefined);
    const ends = new Ends(operation, options);
    const make = () => startProcess(this.live, request, options, ends, outputBytes);
    return await inTurn(this.live, ends, options.signal, make);
  }
}

/** A function and not a method, so that the timer does not keep an unused session alive. */
function limitTime(live: Live, timeMs: number | null | undefined): void {
  if (timeMs === null || timeMs === undefined) return;
  const error = () => new BulkheadError("TIMED_OUT", { operation: "sandbox", detail: `${timeMs} ms` });
  const timer = after(timeMs, () => live.kill(error()), { idle: true });
  const stop = () => timer.stop();
  live.running.ended.then(stop, stop);
}

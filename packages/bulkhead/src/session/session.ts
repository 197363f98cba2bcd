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

/** What holds for all programs of a session, unless one exec says otherwise. */
export interface SessionDefaults extends ProgramDefaults {
  /** Of collected output. */
  readonly outputBytes: number;
  /** After which the whole session is killed. Null or undefined: never. */
  readonly timeMs: number | null | undefined;
}

/**
 * A running sandbox, made from a plan: its programs, its files, and its end. It knows the channel and the driver. What
 * a policy, an image or a network adds belongs to the layers above.
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
    // From here on it keeps this process alive only while something is under way in it.
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

  /** Starts a program, in its turn. Resolves when it runs; a failure to start it rejects. */
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

  /** What it uses, as measured from outside. */
  async stats(): Promise<Stats> {
    return await this.live.during(async () => await this.live.running.stats());
  }

  /** What is in force for each process inside, read again from outside. */
  async evidence(): Promise<Evidence> {
    return await this.live.during(async () => await this.live.running.evidence());
  }

  /** Ends everything inside. Resolves when nothing of it is left; what was under way fails with SANDBOX_CLOSED. */
  async kill(): Promise<void> {
    this.live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "kill" }));
    // A broker that is lost takes its sandboxes with it.
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

/** Not a method: a timer must not keep a session that is otherwise unused. */
function limitTime(live: Live, timeMs: number | null | undefined): void {
  if (timeMs === null || timeMs === undefined) return;
  const error = () => new BulkheadError("TIMED_OUT", { operation: "sandbox", detail: `${timeMs} ms` });
  const timer = after(timeMs, () => live.kill(error()), { idle: true });
  const stop = () => timer.stop();
  live.running.ended.then(stop, stop);
}

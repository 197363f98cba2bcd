import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker } from "../broker/broker.js";
import type { Evidence } from "../broker/evidence.js";
import type { Ended, Launched, Stats } from "../broker/messages.js";
import type { Egress } from "../egress/open.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { confirm } from "../evidence/confirm.js";
import type { EnforcementTable } from "../evidence/enforcement.js";
import type { Compiled } from "../plan/compile.js";
import type { Plan } from "../plan/schema.js";
import type { Level } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";
import { type ExecOptions, execRequest } from "./exec-options.js";
import { type Exposed, type ExposeOptions, expose } from "./expose.js";
import { Files } from "./files/files.js";
import { Live } from "./live.js";
import { changeNetwork, connectNetwork, type NetworkPolicy } from "./network.js";
import { type BrokerOptions, type Prepared, type PrepareOptions, prepare } from "./prepare.js";
import { Process } from "./process.js";
import type { ProcessResult } from "./process-result.js";

export interface SandboxOptions extends PrepareOptions {
  /** Gives up creating it; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * A sandbox that lasts until it is killed, disposed of, or this process ends.
 *
 * ```ts
 * await using sandbox = await Sandbox.create({ resources: { memory: "256MiB" } });
 * const { stdout } = await sandbox.run(["uname", "-a"]);
 * ```
 */
export class Sandbox implements AsyncDisposable {
  readonly id: string;
  readonly level: Level;
  /** What protects the host from it, and by which mechanism; `enforced` only where the broker's evidence agrees. */
  readonly enforcement: EnforcementTable;
  /** What the broker executed. */
  readonly plan: Plan;
  readonly files: Files;
  /** Resolves when nothing of it is left: why it ended, and what it used. */
  readonly ended: Promise<Ended>;
  readonly #live: Live;
  readonly #compiled: Compiled;
  readonly #egress: Egress | null;

  private constructor(live: Live, { compiled, egress }: Pick<Prepared, "compiled" | "egress">, launched: Launched) {
    this.id = compiled.plan.id;
    this.level = compiled.level;
    this.enforcement = confirm(compiled.enforcement, compiled.plan, launched.evidence);
    this.plan = compiled.plan;
    this.files = new Files(live);
    this.ended = live.running.ended;
    this.#live = live;
    this.#compiled = compiled;
    this.#egress = egress;
    this.#limitTime(compiled.workload.timeMs);
  }

  /**
   * Makes a sandbox as `policy` says; `{}` is a policy.
   * @throws BulkheadError POLICY_INVALID, REQUIREMENT_UNMET, LEVEL_UNAVAILABLE and whatever keeps it from being launched:
   * there is never a sandbox that is weaker than asked for.
   */
  static async create(policy: Policy = {}, options: SandboxOptions = {}): Promise<Sandbox> {
    throwIfAborted(options.signal);
    const prepared = await prepare(policy, options);
    throwIfAborted(options.signal);
    const live = new Live(prepared.driver.launch(prepared.compiled.plan));
    const abort = () => live.kill(aborted(options.signal));
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      const connected = prepared.egress === null ? undefined : connectNetwork(live, prepared.egress);
      connected?.catch(() => undefined);
      const launched = await live.running.launched;
      await connected;
      throwIfAborted(options.signal);
      return new Sandbox(live, prepared, launched);
    } catch (error) {
      throwIfAborted(options.signal);
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Starts a program. `argv[0]` without a slash is looked up in the PATH given. A failure to start it rejects.
   * @throws BulkheadError EXEC_NOT_FOUND, EXEC_NOT_EXECUTABLE, EXEC_FAILED, CWD_UNAVAILABLE, EXEC_USER_FIXED,
   * SANDBOX_CLOSED, SANDBOX_LOST
   */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    if (options.signal?.aborted === true) {
      throw aborted(options.signal);
    }
    const { workload } = this.#compiled;
    const outputBytes = options.outputBytes ?? (options.buffer === true ? workload.outputBytes : undefined);
    const process = new Process(this.#live, execRequest(argv, workload, options), options, outputBytes);
    await process.started();
    return process;
  }

  /** Starts a program, and waits for what becomes of it and what it puts out: `exec` with `buffer`. */
  async run(argv: readonly string[], options: Omit<ExecOptions, "buffer"> = {}): Promise<ProcessResult> {
    return await (await this.exec(argv, { ...options, buffer: true })).result;
  }

  /**
   * Makes a TCP port inside reachable from the host, whatever network the sandbox has: HTTP, WebSockets, anything.
   *
   * ```ts
   * const { address, port } = await sandbox.expose(80);
   * const page = await (await fetch(`http://${address}:${port}/`)).text();
   * ```
   * @throws BulkheadError PORT_UNAVAILABLE, REQUEST_INVALID
   */
  async expose(port: number, options: ExposeOptions = {}): Promise<Exposed> {
    return await expose(this.#live, port, options);
  }

  /**
   * Puts other rules in force, also for connections that are open: those that are not allowed any more are ended. A sandbox that was made with
   * `network: none` has nothing inside that could reach out, and keeps that.
   * @throws BulkheadError POLICY_INVALID, NETWORK_FIXED
   */
  setNetwork(network: NetworkPolicy): void {
    changeNetwork(this.#egress, network);
  }

  /** What it uses, as measured from outside. */
  async stats(): Promise<Stats> {
    return await this.#live.running.stats();
  }

  /** What is in force for each process inside, read again from outside. */
  async evidence(): Promise<Evidence> {
    return await this.#live.running.evidence();
  }

  /**
   * Writes a copy of it, memory and all, into a new directory, and goes on. Level microvm. The directory holds what the workload had in memory.
   * @throws BulkheadError SNAPSHOT_UNSUPPORTED, VMM_FAILED
   */
  async snapshot(directory: string): Promise<void> {
    if (this.#egress !== null) {
      // A copy would have proxies inside and nobody outside who decides what they may reach.
      throw new BulkheadError("SNAPSHOT_UNSUPPORTED", { operation: "snapshot", detail: "it has a network" });
    }
    const { takeSnapshot } = await import("./snapshot.js");
    await takeSnapshot(this.#live, this.#compiled, directory);
  }

  /**
   * Makes a sandbox that goes on from a snapshot: same memory, other random numbers, clock and identity. As often as wanted. Programs that
   * ran go on running, without their streams.
   * @throws BulkheadError SNAPSHOT_INVALID, SNAPSHOT_MISMATCH, and what keeps it from being launched
   */
  static async restore(directory: string, options: BrokerOptions = {}): Promise<Sandbox> {
    const { openSnapshot } = await import("./snapshot.js");
    const { microvmDriver } = await import("../levels/microvm/driver.js");
    const compiled = await openSnapshot(directory);
    const live = new Live(microvmDriver(await Broker.default(options.broker)).launch(compiled.plan));
    return new Sandbox(live, { compiled, egress: null }, await live.running.launched);
  }

  /** Makes `count` copies of it, which all run at once. @throws BulkheadError as {@link snapshot} and {@link restore} */
  async fork(count: number, options: BrokerOptions = {}): Promise<readonly Sandbox[]> {
    const work = await mkdtemp(join(tmpdir(), "bulkhead-fork-"));
    const made: Sandbox[] = [];
    try {
      const directory = join(work, "snapshot");
      await this.snapshot(directory);
      const copies = Array.from({ length: count }, async () => made.push(await Sandbox.restore(directory, options)));
      // All of them, so that none is made after the others were ended.
      const failed = (await Promise.allSettled(copies)).find((copy) => copy.status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
      return made;
    } catch (error) {
      await Promise.all(made.map((copy) => copy.kill()));
      throw error;
    } finally {
      // Those that run have the file open.
      await rm(work, { recursive: true, force: true });
    }
  }

  /** Stops every process inside until {@link resume}. */
  async pause(): Promise<void> {
    await this.#live.running.pause();
  }

  async resume(): Promise<void> {
    await this.#live.running.resume();
  }

  /** Ends everything inside at once. Resolves when nothing of it is left; what was under way fails with SANDBOX_CLOSED. */
  async kill(): Promise<void> {
    this.#live.kill(new BulkheadError("SANDBOX_CLOSED", { operation: "kill" }));
    // A broker that is lost takes its sandboxes with it.
    await this.ended.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #limitTime(timeMs: number | null | undefined): void {
    if (timeMs === null || timeMs === undefined) {
      return;
    }
    const error = () => new BulkheadError("TIMED_OUT", { operation: "sandbox", detail: `${timeMs} ms` });
    const timer = setTimeout(() => this.#live.kill(error()), timeMs);
    timer.unref();
    const clear = () => clearTimeout(timer);
    this.ended.then(clear, clear);
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw aborted(signal);
  }
}

function aborted(signal: AbortSignal | undefined): BulkheadError {
  return new BulkheadError("ABORTED", { operation: "create", cause: signal?.reason });
}

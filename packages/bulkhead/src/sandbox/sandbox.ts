import { requireArguments } from "../arguments/require.js";
import { hostPath } from "../arguments/values.js";
import type { Evidence } from "../broker/evidence.js";
import type { Ended, Stats } from "../broker/messages.js";
import type { Gate } from "../egress/client/gate.js";
import { confirm } from "../enforcement/confirm.js";
import type { EnforcementTable } from "../enforcement/enforcement.js";
import { throwIfAborted } from "../errors/aborted.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Plan } from "../plan/schema.js";
import { withPathsOfNow } from "../policy/absolute-paths.js";
import type { Level } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";
import { now } from "../session/clock.js";
import { argvCheck, copyOptions, type ExecOptions, execOptions } from "../session/exec-options.js";
import { type Exposed, type ExposeOptions, expose, exposeOptions, insidePort } from "../session/expose.js";
import type { Files } from "../session/files/files.js";
import { noticeForgotten } from "../session/forgotten.js";
import type { Live } from "../session/live.js";
import type { Process } from "../session/process.js";
import type { ProcessResult } from "../session/process-result.js";
import { Session } from "../session/session.js";
import { launch, type Standing } from "./launch.js";
import { changeNetwork, type NetworkPolicy } from "./network.js";
import { policyArgument, policyOfNow, prepareOptions } from "./options.js";
import type { OwnPrepareOptions, PrepareOptions } from "./prepare/options.js";
import { prepare } from "./prepare/prepare.js";
import type { Origin } from "./snapshot/facts.js";
import type { OpenedSnapshot } from "./snapshot/open.js";
import { copyCount, forkOptions, networkArgument, type RestoreOptions, restoreOptions } from "./snapshot/options.js";
import type { Snapshot } from "./snapshot/take.js";
import type { WrittenBack } from "./write-back/report.js";
import type { WriteBack } from "./write-back/write-back.js";

export interface SandboxOptions extends PrepareOptions {
  /** Cancels the creation; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * Wraps the sandbox of a launch elsewhere in the library. Not a method: programs that use the library cannot create one
 * this way.
 */
export let sandboxOf: (standing: Standing, origin: Origin) => Sandbox;

/** The channel of a sandbox, for other parts of the library. Not a method, as {@link sandboxOf}. */
export let liveOf: (sandbox: Sandbox) => Live;

/**
 * As {@link Sandbox.create}, and refuses a link in a host path of the policy with MOUNT_SOURCE_LINK: its caller has
 * resolved them, and an earlier sandbox may have put a link there since. Not a method, as {@link sandboxOf}.
 */
export let createWithoutLinks: (policy: Policy, options: SandboxOptions & OwnPrepareOptions) => Promise<Sandbox>;

/**
 * A sandbox that lasts until it is closed or killed, or this process ends.
 *
 * ```ts
 * const sandbox = await Sandbox.create({ resources: { memory: "256MiB" } });
 * try {
 *   const { stdout } = await sandbox.run(["uname", "-a"]);
 * } finally {
 *   await sandbox.close();
 * }
 * ```
 *
 * Where the language supports it, `await using sandbox = await Sandbox.create()` closes it at the end of the block.
 */
export class Sandbox implements AsyncDisposable {
  readonly id: string;
  readonly level: Level;
  /**
   * The protections of the host from this sandbox and the mechanism of each; `enforced` only where the broker's
   * evidence agrees.
   */
  readonly enforcement: EnforcementTable;
  /** The plan that the broker executed. */
  readonly plan: Plan;
  readonly files: Files;
  readonly #session: Session;
  readonly #egress: Gate | null;
  readonly #writeBack: WriteBack | null;
  readonly #origin: Origin;
  #killed = false;
  #held = false;

  private constructor({ live, launched, prepared }: Standing, origin: Origin) {
    const { compiled, egress, writeBack } = prepared;
    this.id = compiled.plan.id;
    this.level = compiled.level;
    this.enforcement = confirm(compiled.enforcement, launched);
    this.plan = compiled.plan;
    this.#session = new Session(live, compiled.workload);
    this.files = this.#session.files;
    this.#egress = egress;
    this.#writeBack = writeBack;
    this.#origin = origin;
    noticeForgotten(this, this.id, live.running.ended);
  }

  get #live(): Live {
    return this.#session.live;
  }

  /**
   * Resolves when nothing of the sandbox is left, with why it ended and the resources it used. Reading this property
   * keeps the process alive until then; an idle sandbox does not.
   */
  get ended(): Promise<Ended> {
    return this.#live.during(async () => await this.#live.running.ended);
  }

  /** Keeps this process alive as long as the sandbox lasts, even when idle; {@link unref} undoes it. */
  ref(): this {
    if (!this.#held) this.#live.hold();
    this.#held = true;
    return this;
  }

  unref(): this {
    if (this.#held) this.#live.letGo();
    this.#held = false;
    return this;
  }

  /**
   * Creates a sandbox from `policy`; `{}` is a policy.
   * @throws BulkheadError POLICY_INVALID, REQUIREMENT_UNMET, LEVEL_UNAVAILABLE and any launch failure: a sandbox is
   * never weaker than requested.
   */
  static async create(policy: Policy = {}, options: SandboxOptions = {}): Promise<Sandbox> {
    requireArguments("Sandbox.create", ["policy", policyArgument, policy], ["options", prepareOptions, options]);
    return await Sandbox.#create(policy, { ...options });
  }

  static async #create(policy: Policy, options: SandboxOptions & OwnPrepareOptions): Promise<Sandbox> {
    const { signal } = options;
    throwIfAborted("create", signal);
    const calledMs = now();
    const ofNow = policyOfNow(policy);
    const prepared = await prepare(ofNow, options);
    const kept = prepared.compiled.level === "microvm" ? withPathsOfNow(ofNow) : {};
    return new Sandbox(await launch(prepared, signal, calledMs), { policy: kept, vouched: true });
  }

  static {
    createWithoutLinks = async (policy, options) => await Sandbox.#create(policy, { ...options, refuseLinks: true });
    sandboxOf = (standing, origin) => new Sandbox(standing, origin);
    liveOf = (sandbox) => sandbox.#live;
  }

  /**
   * Starts a program. An `argv[0]` without a slash is looked up in the given PATH; an empty `argv` runs the image's own
   * command. Rejects if the program cannot be started. At most 56 programs run at once, fewer if `resources.pids` is
   * lower; further ones wait for their turn.
   * @throws BulkheadError ARGUMENT_INVALID, COMMAND_MISSING, EXEC_NOT_FOUND, EXEC_NOT_EXECUTABLE, EXEC_FAILED,
   * CWD_UNAVAILABLE, EXEC_USER_FIXED, SANDBOX_CLOSED, SANDBOX_LOST, ABORTED
   */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    requireArguments("sandbox.exec", ["argv", argvCheck, argv], ["options", execOptions, options]);
    const [program, chosen] = [[...argv], copyOptions(options)];
    await this.#settled(chosen);
    return await this.#session.exec(program, chosen, "sandbox.exec");
  }

  /**
   * Runs a program to its end and returns its output, as `exec` with `buffer` does. A program that could not be started
   * has a result too, as with `run`: 127 `notFound`, 126 `notExecutable`, with `error`.
   */
  async run(argv: readonly string[], options: Omit<ExecOptions, "buffer"> = {}): Promise<ProcessResult> {
    requireArguments("sandbox.run", ["argv", argvCheck, argv], ["options", execOptions, options]);
    const [program, chosen] = [[...argv], copyOptions(options)];
    await this.#settled(chosen);
    return await this.#session.run(program, chosen, "sandbox.run");
  }

  /** The latest rules are in force before a program starts. */
  async #settled({ signal }: ExecOptions): Promise<void> {
    throwIfAborted("create", signal);
    if (this.#egress !== null) await this.#egress.settled();
  }

  /**
   * Exposes a TCP port inside on the host, whatever network the sandbox has: HTTP, WebSockets, anything.
   *
   * ```ts
   * const { address, port } = await sandbox.expose(80);
   * const page = await (await fetch(`http://${address}:${port}/`)).text();
   * ```
   *
   * It keeps this process alive until it is closed or the sandbox ends.
   * @throws BulkheadError ARGUMENT_INVALID, PORT_UNAVAILABLE
   */
  async expose(port: number, options: ExposeOptions = {}): Promise<Exposed> {
    requireArguments("sandbox.expose", ["port", insidePort, port], ["options", exposeOptions, options]);
    return await expose(this.#live, port, options);
  }

  /**
   * Replaces the network rules, also for open connections: those that are no longer allowed are ended. A sandbox
   * created with `network: none` has no proxy inside and cannot gain a network. The promise resolves when the rules are
   * in force; a program started later is subject to them without waiting for it.
   * @throws BulkheadError POLICY_INVALID, NETWORK_FIXED, both at once
   */
  setNetwork(network: NetworkPolicy): Promise<void> {
    requireArguments("sandbox.setNetwork", ["network", networkArgument, network]);
    return changeNetwork(this.#egress, network);
  }

  /** Returns the sandbox's resource use, measured from outside. */
  async stats(): Promise<Stats> {
    return await this.#session.stats();
  }

  /** Returns the protections in force for each process inside, read again from outside. */
  async evidence(): Promise<Evidence> {
    return await this.#session.evidence();
  }

  /**
   * Writes a snapshot of the sandbox, memory included, to a new directory, and lets the sandbox continue. Level
   * microvm. The directory contains the workload's memory.
   * @throws BulkheadError SNAPSHOT_UNSUPPORTED, SNAPSHOT_INVALID (the directory cannot be created), SNAPSHOT_UNTRUSTED,
   * VMM_FAILED
   */
  async snapshot(directory: string): Promise<Snapshot> {
    requireArguments("sandbox.snapshot", ["directory", hostPath, directory]);
    this.#requireCopyable();
    const { takeSnapshot } = await import("./snapshot/take.js");
    return await this.#live.during(async () => await takeSnapshot(this.#subject(), directory));
  }

  /**
   * Creates a sandbox that resumes from a snapshot: the same memory, but new random numbers, clock and identity. A
   * snapshot can be restored any number of times. Programs that ran continue to run, without their streams. The host's
   * protections are built anew from the policy, whatever the snapshot says.
   *
   * ```ts
   * const { directory, digest } = await sandbox.snapshot("./warm");
   * await using copy = await Sandbox.restore(directory, { digest });
   * ```
   * @throws BulkheadError SNAPSHOT_INVALID, SNAPSHOT_UNTRUSTED, SNAPSHOT_MISMATCH, and any launch failure
   */
  static async restore(directory: string, options: RestoreOptions = {}): Promise<Sandbox> {
    requireArguments("Sandbox.restore", ["directory", hostPath, directory], ["options", restoreOptions, options]);
    throwIfAborted("create", options.signal);
    const { openSnapshot } = await import("./snapshot/open.js");
    return await Sandbox.#resume(await openSnapshot(directory, options), options);
  }

  /**
   * Creates `count` copies of the sandbox, which all run at once.
   * @throws BulkheadError as {@link snapshot} and {@link restore}
   */
  async fork(
    count: number,
    options: Pick<RestoreOptions, "broker" | "images" | "signal"> = {},
  ): Promise<readonly Sandbox[]> {
    requireArguments("sandbox.fork", ["count", copyCount, count], ["options", forkOptions, options]);
    this.#requireCopyable();
    const { saveForCopies } = await import("./snapshot/fork.js");
    // The running copies keep its files open after removal.
    await using saved = await this.#live.during(async () => await saveForCopies(this.#subject(), options));
    const made: Sandbox[] = [];
    const copies = Array.from({ length: count }, async () => {
      made.push(await Sandbox.#resume(await saved.open(), options));
    });
    // Wait for all of them, so that none is created after the others were ended.
    const failed = (await Promise.allSettled(copies)).find((copy) => copy.status === "rejected");
    if (failed === undefined) return made;
    await Promise.all(made.map((copy) => copy.kill()));
    throw failed.reason;
  }

  static async #resume({ prepared, ...origin }: OpenedSnapshot, { signal }: RestoreOptions): Promise<Sandbox> {
    return new Sandbox(await launch(prepared, signal), origin);
  }

  #subject() {
    return { live: this.#live, level: this.level, ...this.#origin };
  }

  #requireCopyable(): void {
    const refuse = (detail: string) => new BulkheadError("SNAPSHOT_UNSUPPORTED", { operation: "snapshot", detail });
    // A copy would have proxies inside and no gate outside to decide what they may reach.
    if (this.#egress !== null) throw refuse("it has a network");
    // Two copies of one directory would undo each other's changes.
    if (this.#writeBack !== null) throw refuse("it has a writable host directory");
  }

  /**
   * Writes the changes to writable host directories back to the host, if the sandbox has copies of them (level
   * microvm); at other levels the workload writes to the host directly and this does nothing. It may be called
   * repeatedly; each call writes only the changes since the last one. Disposing of the sandbox calls it once more. A
   * file that the host changed in the meantime stays as it is, unless the sandbox changed the same file.
   * @throws BulkheadError WRITE_BACK_LOST, WRITE_BACK_FAILED, PROTOCOL_VIOLATION, ABORTED
   */
  async writeBack(): Promise<WrittenBack> {
    const writeBack = this.#writeBack;
    if (writeBack === null) return { directories: [] };
    return await this.#live.during(async () => await writeBack.write(this.#live));
  }

  /** Stops every process inside until {@link resume}. */
  async pause(): Promise<void> {
    await this.#live.during(async () => await this.#live.running.pause());
  }

  async resume(): Promise<void> {
    await this.#live.during(async () => await this.#live.running.resume());
  }

  /**
   * Kills everything inside at once, and writes nothing back. Resolves when nothing is left; operations in progress
   * fail with SANDBOX_CLOSED.
   */
  async kill(): Promise<void> {
    this.#killed = true;
    await this.#session.kill();
    await this.#egress?.close();
  }

  /**
   * Calls {@link writeBack}, then ends everything inside. `await using` calls it at the end of its block; it is for
   * programs that cannot use that syntax, which Node 20 and 22 do not parse.
   * @throws BulkheadError as {@link writeBack}, after everything has ended
   */
  async close(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  /** @throws BulkheadError as {@link close} */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // A caller that killed it wants nothing back.
      if (!this.#killed) await this.writeBack();
    } finally {
      await this.kill();
    }
  }
}

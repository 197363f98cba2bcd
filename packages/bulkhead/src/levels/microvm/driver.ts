import type { Socket } from "node:net";
import { compiledProfile } from "../../apparmor/generated.js";
import type { Broker } from "../../broker/broker.js";
import type { BrokerVerdict } from "../../broker/evidence.js";
import type { Launch } from "../../broker/launch.js";
import type { Ended, Launched, Stats } from "../../broker/messages.js";
import { EGRESS } from "../../contract/generated/plan-constants.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { GuestControl, type GuestEvents } from "../../guest/control.js";
import type { Facts } from "../../host/facts.js";
import { hasEgress } from "../../plan/connections.js";
import type { Plan } from "../../plan/schema.js";
import { deferred } from "../../values/deferred.js";
import { defined } from "../../values/defined.js";
import type { Driver, Running, SavedFile, SavedMachine } from "../driver.js";
import { GuestConsole } from "./console.js";
import { CONNECTIONS, imageAt, isRestored, startsReady } from "./machine.js";
import type { MonitorLink } from "./monitor.js";
import { linkTo } from "./monitor-link.js";
import { forget } from "./ready.js";
import { tieOf } from "./snapshot/tie.js";
import { MachineStates } from "./state.js";

/** How long a guest may take to boot. Emulated, on a busy machine, it takes seconds. */
const BOOT_MS = 90_000;
/** How long a guest may take to report its counters; a hostile one might never do so. */
const LAST_STATS_MS = 2_000;
const ASKED_STATS_MS = 5_000;
/** How long a failed monitor may take to end. */
const LAST_WORDS_MS = 500;

/** `bootMs`: how long a guest may take to boot. */
export const microvmDriver = (broker: Broker, bootMs = BOOT_MS): Driver => ({
  launch: (plan) => new RunningMachine(broker, plan, bootMs),
});

/** Asks whether the guest's supervisor answers, and what its kernel can enforce; runs nothing in it. */
export async function probeGuest(broker: Broker, plan: Plan, withinMs: number): Promise<Facts> {
  return await onceReady(broker, plan, withinMs, async (_machine, facts) => facts);
}

/** Boots a machine, saves it when its supervisor waits for the first order, and ends it. */
export async function keepReady(
  broker: Broker,
  plan: Plan,
  file: string,
  withinMs: number,
): Promise<readonly SavedFile[]> {
  return await onceReady(broker, plan, withinMs, async (machine) => await machine.save(file));
}

/** Runs a machine for as long as its supervisor waits for the first order. */
async function onceReady<Result>(
  broker: Broker,
  plan: Plan,
  withinMs: number,
  use: (machine: RunningMachine, facts: Facts) => Promise<Result>,
): Promise<Result> {
  // It belongs to no sandbox: the one that resumes the machine gets another.
  const egress = hasEgress(plan) ? broker.attach(plan.id, EGRESS) : undefined;
  egress?.on("error", () => undefined);
  const machine = new RunningMachine(broker, plan, withinMs);
  try {
    return await use(machine, await machine.ready);
  } finally {
    machine.kill();
    await machine.ended.catch(() => undefined);
    egress?.destroy();
  }
}

/**
 * A virtual machine, seen from outside: its jail according to the broker, its guest as far as its claims can be
 * trusted.
 */
class RunningMachine implements Running {
  readonly id: string;
  readonly transport: Socket;
  /** Resolves when the guest's init runs. */
  readonly launched: Promise<Launched>;
  readonly ended: Promise<Ended>;
  readonly #monitor: MonitorLink;
  readonly #launch: Launch;
  readonly #control: GuestControl;
  readonly #console: GuestConsole;
  readonly #plan: Plan;
  readonly #attached: readonly Socket[];
  /** The guest's last report of its counters. A claim, which affects only the workload's own result. */
  #claimed: Stats | undefined;
  #violation: BulkheadError | undefined;
  readonly #state = new MachineStates();
  readonly #supervisor = deferred<Facts>();
  /** With what the guest's supervisor found in force inside; a resumed copy reports nothing. */
  readonly #booted = deferred<BrokerVerdict | undefined>();

  constructor(broker: Broker, plan: Plan, bootMs: number) {
    const { id } = plan;
    const [control, console, monitor, state] = CONNECTIONS.map((name) => broker.attach(id, name)) as [
      Socket,
      Socket,
      Socket,
      Socket,
    ];
    this.#attached = [control, console, monitor, state];
    state.on("error", () => undefined);
    this.id = id;
    this.#plan = plan;
    this.#launch = broker.launch(plan);
    this.transport = this.#launch.transport;
    this.#console = new GuestConsole(console);
    this.#monitor = linkTo(plan, monitor, state);
    this.#booted.promise.catch(this.#supervisor.reject);
    this.#control = new GuestControl(control, this.#events(), stateOf(plan));
    this.#start().catch(async (error: unknown) => {
      if (startsReady(plan) && !this.#state.isEnding) void forget(plan);
      this.#booted.reject(await this.#explained(error));
    });
    this.launched = this.#boot(bootMs);
    this.launched.catch(() => undefined);
    const over = (error?: unknown) => {
      this.#booted.reject(error instanceof BulkheadError ? error : this.#bootFailure("the machine ended"));
      for (const socket of this.#attached) socket.destroy();
    };
    this.ended = this.#launch.ended.then((ended) => {
      over();
      return this.#conclude(ended);
    });
    this.ended.catch(over);
  }

  /** Resolves with the facts about its kernel when the guest's supervisor is up. */
  get ready(): Promise<Facts> {
    return this.#supervisor.promise;
  }

  kill(): void {
    this.#state.enter("killed");
    this.#launch.kill();
  }

  /** Asks the guest for its counters, and then kills it: a machine needs no orderly end. */
  release(): void {
    const answers = this.#state.current !== "booting";
    if (!this.#state.enter("released")) return;
    if (answers) void within(LAST_STATS_MS, this.#claim()).then(() => this.kill());
    else this.kill();
  }

  keepAlive(alive: boolean): void {
    this.#launch.keepAlive(alive);
    for (const socket of this.#attached) alive ? socket.ref() : socket.unref();
  }

  async stats(): Promise<Stats> {
    const outside = await this.#launch.stats();
    // A paused machine answers nothing, and a hostile one need not.
    if (this.#state.current !== "paused") await within(ASKED_STATS_MS, this.#claim());
    return this.#merged(outside);
  }

  /** The guest's counters so far, according to the guest. */
  async #claim(): Promise<void> {
    this.#claimed = await this.#control.stats().catch(() => this.#claimed);
  }

  evidence() {
    return this.#launch.evidence();
  }

  async pause(): Promise<void> {
    await this.#launch.pause();
    this.#state.enter("paused");
  }

  async resume(): Promise<void> {
    await this.#launch.resume();
    this.#state.enter("running");
  }

  /** Silence, pause, copy; then it resumes with entropy that no copy has had (`docs/guest.md`). */
  async snapshot(silence: () => Promise<() => void>, file: string): Promise<SavedMachine> {
    const tie = await tieOf(this.#plan);
    const endSilence = await silence();
    try {
      await this.#control.quiesce();
      try {
        return { tie, files: await this.save(file) };
      } finally {
        await this.#monitor.resume();
        await this.#control.awake(hostnameOf(this.#plan));
      }
    } finally {
      endSilence();
    }
  }

  /** Pauses the machine and saves it. */
  async save(file: string): Promise<readonly SavedFile[]> {
    return await this.#monitor.save(file, this.#plan.limits.memoryBytes * 2);
  }

  #events(): GuestEvents {
    return {
      ready: (facts) => {
        this.#supervisor.resolve(facts);
        this.#order();
      },
      booted: ({ verdict }) => this.#booted.resolve(verdict),
      failed: (error) => this.#booted.reject(error),
      ended: (_code, stats) => {
        this.#claimed = stats;
      },
      lost: (error) => this.#guestLost(error),
    };
  }

  /** A loaded copy is paused, as its original was: it resumes, and then the guest gets its orders. */
  async #start(): Promise<void> {
    await this.#monitor.start();
    if (isRestored(this.#plan)) {
      await this.#monitor.resume();
      // The copy gets a new identity before any workload runs in it.
      await this.#control.awake(hostnameOf(this.#plan));
      this.#booted.resolve(undefined);
    } else if (startsReady(this.#plan)) {
      await this.#monitor.resume();
      this.#order();
    }
  }

  /** The first order, with fresh entropy and the time. The library validated the plan when it was created. */
  #order(): void {
    const { inner } = this.#plan;
    if (inner === null) return;
    this.#control.boot({
      plan: inner as unknown as Plan,
      images: imagesOf(this.#plan),
      egress: hasEgress(this.#plan),
      ...apparmorOf(inner),
    });
  }

  async #boot(bootMs: number): Promise<Launched> {
    const launched = await this.#launch.launched;
    const timer = setTimeout(() => {
      void forget(this.#plan);
      this.#booted.reject(this.#bootFailure(`nothing for ${bootMs} ms`));
    }, bootMs);
    try {
      const inside = await this.#booted.promise;
      this.#state.enter("running");
      return { ...launched, inside };
    } catch (error) {
      this.#launch.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A monitor that ends during a request gives its reason on its console, if anywhere. */
  async #explained(error: unknown): Promise<BulkheadError> {
    const gone = this.#launch.ended.catch(() => undefined);
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
    const tail = this.#console.tail();
    if (!(error instanceof BulkheadError)) return this.#bootFailure("the monitor failed");
    const { code, operation = "start", detail } = error;
    return new BulkheadError(code, { operation, detail: [detail, tail].filter(Boolean).join("\n"), cause: error });
  }

  #bootFailure(what: string): BulkheadError {
    const tail = this.#console.tail();
    return new BulkheadError("GUEST_BOOT_FAILED", {
      operation: "boot",
      detail: tail === "" ? what : `${what}\n${tail}`,
    });
  }

  #guestLost(error: BulkheadError): void {
    if (error.code === "PROTOCOL_VIOLATION") {
      this.#violation = error;
      this.#booted.reject(error);
    }
    this.#launch.kill();
  }

  #conclude(ended: Ended): Ended {
    return {
      cause: this.#state.current === "released" && ended.cause === "killed" ? "exited" : ended.cause,
      stats: this.#merged(ended.stats),
      error: ended.error ?? (this.#violation ?? this.#panic())?.toJSON(),
      marks: ended.marks,
    };
  }

  /** The reason of a kernel panic, if any, according to the guest. */
  #panic(): BulkheadError | undefined {
    const words = this.#console.panic();
    if (words === undefined || this.#state.current === "released") return undefined;
    return new BulkheadError("GUEST_FAILED", { operation: "run", detail: words });
  }

  /** Memory and time as the host counted them; failures inside as the guest reports them, because only it can. */
  #merged(outside: Stats): Stats {
    const inside = this.#claimed;
    if (inside === undefined) return outside;
    const { oomKills, pids, pidsExceeded, diskFull } = inside;
    return { ...outside, oomKills: (outside.oomKills ?? 0) + (oomKills ?? 0), pids, pidsExceeded, diskFull };
  }
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** What the guest has already sent when this machine starts. */
function stateOf(plan: Plan): "start" | "ready" | "booted" {
  if (isRestored(plan)) return "booted";
  return startsReady(plan) ? "ready" : "start";
}

function imagesOf({ mounts }: Plan): number {
  const places = new Set(mounts.map(({ at }) => at));
  let count = 0;
  while (places.has(imageAt(count))) count += 1;
  return count;
}

function hostnameOf({ inner }: Plan): string {
  const name = inner?.["hostname"];
  return typeof name === "string" ? name : "sandbox";
}

/** The plan's AppArmor profile, if it was generated here: the guest has only the profiles it is given. */
function apparmorOf(inner: NonNullable<Plan["inner"]>): { readonly apparmor?: Uint8Array } {
  const { apparmor } = inner as { readonly apparmor?: unknown };
  const compiled = typeof apparmor === "string" ? compiledProfile(apparmor) : undefined;
  return defined({ apparmor: compiled });
}

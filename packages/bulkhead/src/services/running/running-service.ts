import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ExecOptions } from "../../session/exec-options.js";
import type { Process } from "../../session/process.js";
import { deferred } from "../../values/deferred.js";
import type { Bridge } from "../channels/contract.js";
import type { ComponentSpec, ServiceSpec } from "../model.js";
import type { ServiceVerification } from "../verify/contract.js";
import { type Change, changesBetween } from "./changes.js";
import { Component, type Surroundings } from "./component.js";
import type { ComponentStatus } from "./events.js";
import { type Fingerprint, fingerprintOf } from "./fingerprint.js";
import { isSamePort } from "./listeners.js";

/**
 * Starts a service. Not a method: programs that use the library call `service.up`.
 * @throws BulkheadError as `service.up`
 */
export let startService: (
  spec: ServiceSpec,
  bridge: Bridge,
  around: Surroundings,
  signal: AbortSignal | undefined,
) => Promise<RunningService>;

/** A service whose components run. Disposing of it stops them. */
export class RunningService implements AsyncDisposable {
  #spec: ServiceSpec;
  readonly #bridge: Bridge;
  readonly #around: Surroundings;
  readonly #components = new Map<string, Component>();
  readonly #ended = deferred();
  /** What the running components saw when they started. */
  readonly #prints = new Map<string, Fingerprint>();
  #down: Promise<void> | undefined;
  /** Starts, stops and changes happen one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(spec: ServiceSpec, bridge: Bridge, around: Surroundings) {
    this.#spec = spec;
    this.#bridge = bridge;
    this.#around = around;
    for (const component of spec.components) this.#components.set(component.name, new Component(component, around));
  }

  /**
   * Starts every component, each when those that it waits for are ready. If one does not become ready, stops all.
   */
  static async #start(
    spec: ServiceSpec,
    bridge: Bridge,
    around: Surroundings,
    signal: AbortSignal | undefined,
  ): Promise<RunningService> {
    const service = new RunningService(spec, bridge, around);
    const abort = () => void service.down();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      // Ports first: whoever connects from now on waits, and a port that is taken starts nothing.
      for (const component of service.#components.values()) await component.listeners.listen(component.spec.listen);
      await service.#startAll();
    } catch (error) {
      await service.down();
      throw signal?.aborted === true ? new BulkheadError("ABORTED", { operation: "up", cause: signal.reason }) : error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    void service.#untilOver();
    return service;
  }

  static {
    startService = async (...made) => await RunningService.#start(...made);
  }

  get name(): string {
    return this.#spec.name;
  }

  /** The file in force: after a change, that of the change. */
  get spec(): ServiceSpec {
    return this.#spec;
  }

  /** Resolves when the service is down, or when every component has finished, failed or was stopped for good. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Every component, in the order in which they start. */
  status(): readonly ComponentStatus[] {
    return [...this.#components.values()].map(({ status }) => status);
  }

  /**
   * Starts a program beside a component's own, in its sandbox.
   * @throws BulkheadError COMPONENT_UNKNOWN, COMPONENT_NOT_RUNNING, and as `sandbox.exec`
   */
  async exec(component: string, argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    return await this.#component(component).sandbox.exec(argv, options);
  }

  /** Starts a stopped or failed component. @throws BulkheadError COMPONENT_UNKNOWN, COMPONENT_NOT_READY */
  async start(component: string): Promise<void> {
    const chosen = this.#component(component);
    await this.#inTurn(async () => await this.#startOne(chosen.spec.name));
  }

  /** Stops a component; its ports on the host stay open. @throws BulkheadError COMPONENT_UNKNOWN */
  async stop(component: string): Promise<void> {
    const chosen = this.#component(component);
    await this.#inTurn(async () => await chosen.stop());
  }

  /** Stops a component and starts it. Connections wait meanwhile. @throws BulkheadError as {@link start} */
  async restart(component: string): Promise<void> {
    const chosen = this.#component(component);
    await this.#inTurn(async () => {
      await chosen.stop();
      await this.#startOne(chosen.spec.name);
    });
  }

  /**
   * Compares each sandbox with its enforcement table, and tries from inside each component to reach every other one
   * beside the declared channels. Components keep serving meanwhile; starts, stops and changes wait.
   * @throws BulkheadError SERVICE_ENDED, SETUP_MISSING
   */
  async verify(): Promise<ServiceVerification> {
    if (this.#down !== undefined) throw new BulkheadError("SERVICE_ENDED", { detail: this.#spec.name });
    // Loaded on demand: no program that only runs a service needs it.
    const { verifyService } = await import("../verify/verify.js");
    return await this.#inTurn(async () => {
      const subjects = [...this.#components.values()].map((component) => component.subject);
      return await verifyService(this.#spec, subjects, this.#around.options);
    });
  }

  /** Stops every component, each after those that use it. Resolves when nothing of the service is left. */
  async down(): Promise<void> {
    this.#down ??= this.#stopAll();
    await this.#down;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  /**
   * What {@link change} to this specification would do, and why.
   * @throws BulkheadError SERVICE_INVALID for the file of another service
   */
  async changes(spec: ServiceSpec): Promise<readonly Change[]> {
    if (spec.name !== this.#spec.name) {
      const detail = `the file is of ${spec.name}, and ${this.#spec.name} runs`;
      throw new BulkheadError("SERVICE_INVALID", { operation: "change", detail });
    }
    const now = new Map<string, Fingerprint>();
    for (const component of spec.components) {
      if (this.#components.has(component.name)) {
        now.set(component.name, await fingerprintOf(component, this.#around.options));
      }
    }
    return changesBetween(this.#spec, spec, { before: this.#prints, now });
  }

  /**
   * Puts another file into force: restarts only components that changed, and keeps every port open that both have. If
   * a component does not become ready, restores what ran before.
   * @throws BulkheadError SERVICE_INVALID for the file of another service; SERVICE_ROLLED_BACK; COMPONENT_NOT_READY if
   * what ran before could not be restored either
   */
  async change(spec: ServiceSpec): Promise<readonly Change[]> {
    if (this.#down !== undefined) throw new BulkheadError("SERVICE_ENDED", { detail: this.#spec.name });
    let changes: readonly Change[] = [];
    await this.#inTurn(async () => {
      changes = await this.changes(spec);
      const before = this.#spec;
      try {
        await this.#apply(spec, changes);
      } catch (cause) {
        const detail = messageOf(cause);
        await this.#apply(before, changes.map(reversed), true).catch((error: unknown) => {
          const both = `${messageOf(error)}; it was to be restored, because the change failed: ${detail}`;
          throw new BulkheadError("COMPONENT_NOT_READY", { operation: "restore", detail: both, cause });
        });
        throw new BulkheadError("SERVICE_ROLLED_BACK", { operation: "change", detail, cause });
      }
    });
    return changes;
  }

  /** `whole`: a component that does not become ready does not keep the others from starting. */
  async #apply(spec: ServiceSpec, changes: readonly Change[], whole = false): Promise<void> {
    const actionOf = new Map(changes.map(({ component, action }) => [component, action]));
    const known = new Map(spec.components.map((component) => [component.name, component]));
    const leaves = [...this.#components.values()].filter(({ spec: { name } }) =>
      ["stop", "restart"].includes(actionOf.get(name) ?? "keep"),
    );
    for (const component of leaves.reverse()) await component.stop();
    await this.#bridge.change(spec.channels);
    for (const [name, component] of this.#components) {
      const next = known.get(name);
      // A port may move to another component: it is closed here before it is opened there.
      const kept = component.spec.listen.filter((one) => next?.listen.some((other) => isSamePort(one, other)));
      await component.listeners.listen(kept);
      if (next === undefined) {
        component.listeners.close();
        this.#components.delete(name);
      } else component.replace(next);
    }
    for (const next of spec.components) {
      const component = this.#components.get(next.name) ?? new Component(next, this.#around);
      this.#components.set(next.name, component);
      await component.listeners.listen(next.listen);
    }
    this.#spec = spec;
    const failures: unknown[] = [];
    for (const { name } of spec.components) {
      if (!["start", "restart"].includes(actionOf.get(name) ?? "keep")) continue;
      await this.#startOne(name).catch((error: unknown) => {
        if (!whole) throw error;
        failures.push(error);
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  async #startOne(name: string): Promise<void> {
    const component = this.#component(name);
    const print = fingerprintOf(component.spec, this.#around.options);
    // It fails where the start does too, which says more.
    print.catch(() => undefined);
    await component.start();
    this.#prints.set(name, await print);
  }

  #component(name: string): Component {
    if (this.#down !== undefined) throw new BulkheadError("SERVICE_ENDED", { detail: this.#spec.name });
    const component = this.#components.get(name);
    if (component === undefined) throw new BulkheadError("COMPONENT_UNKNOWN", { detail: name.slice(0, 64) });
    return component;
  }

  async #inTurn<Value>(action: () => Promise<Value>): Promise<Value> {
    const turn = this.#turn.then(action);
    this.#turn = turn.catch(() => undefined);
    return await turn;
  }

  async #startAll(): Promise<void> {
    const ready = new Map<string, Promise<void>>();
    for (const component of this.#components.values()) {
      const { name, after } = component.spec;
      component.wait();
      const before = after.map(async (other) => await ready.get(other));
      ready.set(
        name,
        Promise.all(before).then(async () => {
          if (this.#down === undefined) await this.#startOne(name);
        }),
      );
    }
    for (const one of ready.values()) one.catch(() => undefined);
    await Promise.all(ready.values());
  }

  async #stopAll(): Promise<void> {
    const stopped = new Map<string, Promise<void>>();
    const uses = ({ after }: ComponentSpec, name: string) => after.includes(name);
    for (const component of [...this.#components.values()].reverse()) {
      const { name } = component.spec;
      const users = [...this.#components.values()].filter(({ spec }) => uses(spec, name));
      const before = users.map(async ({ spec }) => await stopped.get(spec.name));
      stopped.set(
        name,
        Promise.all(before).then(async () => {
          await component.stop();
          component.listeners.close();
        }),
      );
    }
    await Promise.all(stopped.values());
    // A change may have been in progress, and have opened ports since.
    await this.#turn;
    for (const component of this.#components.values()) component.listeners.close();
    await this.#bridge.close();
    this.#ended.resolve();
  }

  /** A stopped component may be started again by hand, so only finished and failed ones are over. */
  async #untilOver(): Promise<void> {
    const over = ["finished", "failed"];
    while (this.#down === undefined) {
      await Promise.all([...this.#components.values()].map((component) => component.over));
      await this.#turn;
      if (this.status().every(({ state }) => over.includes(state))) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.down();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What undoes a change. */
function reversed({ component, action, why }: Change): Change {
  const opposite = { start: "stop", stop: "start", restart: "restart", keep: "keep" } as const;
  return { component, action: opposite[action], why };
}

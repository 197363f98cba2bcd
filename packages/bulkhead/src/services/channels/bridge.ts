import { isDeepStrictEqual } from "node:util";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Joins } from "../../sandbox/prepare/options.js";
import { liveOf, type Sandbox } from "../../sandbox/sandbox.js";
import type { Live } from "../../session/live.js";
import { Carrier } from "./carrier.js";
import { Component } from "./component.js";
import type { Bridge, BridgeOptions, ChannelEvent, ChannelSpec } from "./contract.js";
import type { Attached } from "./reach.js";
import { ChannelWay } from "./way.js";

/** Opens the bridge of a service, with no component attached. `onEvent` must not throw. */
export async function openBridge(channels: readonly ChannelSpec[], options: BridgeOptions = {}): Promise<Bridge> {
  return new ServiceBridge(channels, options);
}

/**
 * Carries the bytes of a service's channels between the inits of its sandboxes. A component reaches another one only
 * where a channel says so: nobody but this class asks an init to listen or to connect for a channel.
 */
class ServiceBridge implements Bridge {
  readonly #components = new Map<string, Component>();
  readonly #emit: (event: ChannelEvent) => unknown;
  readonly #carrier = new Carrier();
  #ways: readonly ChannelWay[] = [];
  #connections = 0;
  #closed = false;

  constructor(channels: readonly ChannelSpec[], { onEvent, signal }: BridgeOptions) {
    this.#emit = (event) => onEvent?.(event);
    this.#ways = channels.map((spec) => this.#way(spec));
    signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  get joins(): Joins | undefined {
    return this.#ways.length === 0 ? undefined : this.#carrier;
  }

  async attach(name: string, sandbox: Sandbox): Promise<void> {
    if (this.#closed) throw new BulkheadError("SANDBOX_CLOSED", { operation: "attach" });
    const [component, live] = [this.#component(name), liveOf(sandbox)];
    if (component.live !== undefined) await this.detach(name);
    await listenAll(this.#from(name), { id: sandbox.id, live });
    component.attach({ id: sandbox.id, live });
    live.whenClosed(() => {
      this.#carrier.leave(sandbox.id);
      this.#lost(component, name, live);
    });
  }

  async detach(name: string): Promise<void> {
    const component = this.#component(name);
    if (component.live === undefined) return;
    component.detach();
    for (const way of this.#to(name)) way.endConnected();
    for (const way of this.#from(name)) way.endConnections();
    await Promise.all(this.#from(name).map((way) => way.unlisten()));
  }

  async change(channels: readonly ChannelSpec[]): Promise<void> {
    const kept = this.#ways.filter((way) => channels.some((spec) => isDeepStrictEqual(spec, way.spec)));
    const removed = this.#ways.filter((way) => !kept.includes(way));
    const added = channels
      .filter((spec) => !kept.some((way) => isDeepStrictEqual(spec, way.spec)))
      .map((spec) => this.#way(spec));
    this.#ways = kept;
    for (const way of removed) way.endConnections();
    // Before the new ones listen, perhaps at the same place.
    await Promise.all(removed.map((way) => way.unlisten()));
    this.#ways = [...kept, ...added];
    await Promise.all(
      added.map(async (way) => {
        const { attached } = this.#component(way.spec.consumer);
        if (attached !== undefined) await way.listen(attached);
      }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#components.keys()].map((name) => this.detach(name)));
    for (const way of this.#ways) way.endConnections();
    await this.#carrier[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #way(spec: ChannelSpec): ChannelWay {
    return new ChannelWay(spec, {
      provider: this.#component(spec.provider),
      carrier: this.#carrier,
      emit: this.#emit,
      number: () => {
        this.#connections += 1;
        return this.#connections;
      },
    });
  }

  #component(name: string): Component {
    const known = this.#components.get(name) ?? new Component();
    this.#components.set(name, known);
    return known;
  }

  /** Its sandbox ended by itself. */
  #lost(component: Component, name: string, live: Live): void {
    if (component.live !== live) return;
    component.detach();
    for (const way of this.#to(name)) way.endConnected();
    for (const way of this.#from(name)) way.forget();
  }

  #from(name: string): readonly ChannelWay[] {
    return this.#ways.filter(({ spec }) => spec.consumer === name);
  }

  #to(name: string): readonly ChannelWay[] {
    return this.#ways.filter(({ spec }) => spec.provider === name);
  }
}

/** All ends of a component listen, or none. */
async function listenAll(ways: readonly ChannelWay[], consumer: Attached): Promise<void> {
  const listening = await Promise.allSettled(ways.map((way) => way.listen(consumer)));
  const failed = listening.find((result) => result.status === "rejected");
  if (failed === undefined) return;
  await Promise.all(ways.map((way) => way.unlisten()));
  throw failed.reason;
}

import type { Connection } from "../../channel/connection.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../../session/live.js";
import type { ChannelEvent, ChannelSpec } from "./contract.js";
import { type ListenAt, type Listener, listen } from "./ends.js";
import { type Forwarded, forward } from "./forward.js";
import { Allowance } from "./limits.js";
import { proxyHeader } from "./proxy-header.js";
import { type Provider, reach } from "./reach.js";

/** What the bridge gives each of its ways. */
export interface Surroundings {
  readonly provider: Provider;
  readonly emit: (event: ChannelEvent) => void;
  /** Numbers of connections, unique in the service. */
  readonly number: () => number;
}

/** One channel in force: its listeners in the consumer, and its connections. */
export class ChannelWay {
  readonly spec: ChannelSpec;
  readonly #around: Surroundings;
  readonly #allowance: Allowance;
  readonly #open = new Set<Connection>();
  #listeners: readonly Listener[] = [];
  /** Aborted when the connections of now must end. */
  #end = new AbortController();

  constructor(spec: ChannelSpec, around: Surroundings) {
    this.spec = spec;
    this.#around = around;
    this.#allowance = new Allowance(spec.limits);
  }

  /** Makes the consumer listen. If one end cannot, none does. @throws BulkheadError LISTEN_FAILED */
  async listen(consumer: Live): Promise<void> {
    const { socket, tcp } = this.spec.inside;
    const ends: readonly ListenAt[] = [{ path: socket }, ...(tcp === null ? [] : [tcp])];
    this.#listeners = ends.map((at) => listen(consumer.channel, at, (connection) => void this.#carry(connection)));
    try {
      await Promise.all(this.#listeners.map(({ listening }) => listening));
    } catch (error) {
      await this.unlisten();
      throw error;
    }
  }

  async unlisten(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  /** Its consumer is gone, and its listeners with it. */
  forget(): void {
    this.#listeners = [];
    this.endConnections();
  }

  endConnections(): void {
    this.#end.abort();
    this.#end = new AbortController();
    for (const connection of this.#open) connection.destroy();
  }

  /** The provider's sandbox ends: those that are connected end, and those that wait for it still do. */
  endConnected(): void {
    for (const connection of this.#open) connection.destroy();
  }

  async #carry(consumer: Connection): Promise<void> {
    const connection = this.#around.number();
    const report = (kind: ChannelEvent["kind"], more: Omit<Partial<ChannelEvent>, "kind"> = {}) =>
      this.#around.emit({ kind, channel: this.spec, connection, at: new Date(), ...more });
    const refusal = this.#allowance.enter();
    if (refusal !== undefined) {
      consumer.destroy();
      report("limited", { reason: refusal });
      return;
    }
    try {
      const provider = await this.#connect(consumer, connection);
      report("opened");
      const { limit, ...bytes } = await this.#forward(consumer, provider);
      if (limit === undefined) report("closed", bytes);
      else report("limited", { ...bytes, reason: limit });
    } catch (error) {
      report("refused", { reason: error instanceof BulkheadError ? error.message : "failed" });
    } finally {
      consumer.destroy();
      this.#allowance.leave();
    }
  }

  async #connect(consumer: Connection, number: number): Promise<Connection> {
    const end = this.#end.signal;
    const gone = new AbortController();
    const leave = () => gone.abort();
    consumer.once("close", leave);
    try {
      const provider = await reach(this.#around.provider, this.spec.target, AbortSignal.any([end, gone.signal]));
      if (end.aborted || consumer.destroyed) {
        provider.destroy();
        throw new BulkheadError("ABORTED", { operation: "connect" });
      }
      if (this.spec.identify === "proxy-v2") provider.write(proxyHeader(this.spec.consumer, number));
      return provider;
    } finally {
      consumer.off("close", leave);
    }
  }

  async #forward(consumer: Connection, provider: Connection): Promise<Forwarded> {
    this.#open.add(consumer);
    try {
      return await forward(consumer, provider, this.#allowance);
    } finally {
      this.#open.delete(consumer);
    }
  }
}

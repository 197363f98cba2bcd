import type { Connection } from "../../channel/connection.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../../session/live.js";
import { after } from "../../session/timer.js";
import type { ChannelEvent, ChannelSpec } from "./contract.js";
import { type ListenAt, type Listener, listen } from "./ends.js";
import { type Forwarded, forward } from "./forward.js";
import { Allowance } from "./limits.js";
import { proxyHeader } from "./proxy-header.js";
import { type Provider, reach } from "./reach.js";

/** How long a connection waits for a provider that restarts or does not listen yet. */
const WAIT_MS = 10_000;
/** After this many connections of one channel that were not let through, only each of this many is reported. */
const TOLD = 1_000;

/** What the bridge gives each of its ways. */
export interface Surroundings {
  readonly provider: Provider;
  readonly emit: (event: ChannelEvent) => unknown;
  /** Numbers of connections, unique in the service. */
  readonly number: () => number;
}

/** One channel in force: its listeners in the consumer, and its connections. */
export class ChannelWay {
  readonly spec: ChannelSpec;
  readonly #around: Surroundings;
  readonly #allowance: Allowance;
  readonly #open = new Set<Connection>();
  /** Ends of those that are not connected yet. */
  readonly #waiting = new Set<AbortController>();
  #listeners: readonly Listener[] = [];
  /** Connections that were not let through. */
  #refused = 0;
  /** Reports of such connections that their listener has not taken yet. */
  #untaken = 0;

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
    for (const waiting of this.#waiting) waiting.abort();
    for (const connection of this.#open) connection.destroy();
  }

  /** The provider's sandbox ends: those that are connected end, and those that wait for it still do. */
  endConnected(): void {
    for (const connection of this.#open) connection.destroy();
  }

  async #carry(consumer: Connection): Promise<void> {
    const connection = this.#around.number();
    const taken: unknown[] = [];
    const report = (kind: ChannelEvent["kind"], more: Omit<Partial<ChannelEvent>, "kind"> = {}) => {
      taken.push(this.#around.emit({ kind, channel: this.spec, connection, at: new Date(), ...more }));
    };
    const refusal = this.#allowance.enter();
    if (refusal !== undefined) {
      consumer.destroy();
      await this.#refuse(() => report("limited", { reason: refusal }), taken);
      return;
    }
    try {
      const provider = await this.#connect(consumer, connection);
      report("opened");
      const { limit, ...bytes } = await this.#forward(consumer, provider);
      if (limit === undefined) report("closed", bytes);
      else report("limited", { ...bytes, reason: limit });
    } catch (error) {
      const reason = error instanceof BulkheadError ? error.message : "failed";
      await this.#refuse(() => report("refused", { reason }), taken);
    } finally {
      consumer.destroy();
      // Events pile up where their listener is slow: the channel's maximum must hold for them too.
      await Promise.allSettled(taken);
      this.#allowance.leave();
    }
  }

  /** Counts one that is not let through. A consumer must fill neither the log nor memory with them. */
  async #refuse(report: () => void, taken: readonly unknown[]): Promise<void> {
    this.#refused += 1;
    if (this.#untaken >= TOLD || (this.#refused > TOLD && this.#refused % TOLD !== 0)) return;
    this.#untaken += 1;
    report();
    await Promise.allSettled(taken);
    this.#untaken -= 1;
  }

  async #connect(consumer: Connection, number: number): Promise<Connection> {
    // Its own, and not joined with a longer one: Node keeps joined signals as long as the longest.
    const end = new AbortController();
    const abort = () => end.abort();
    const timer = after(WAIT_MS, abort);
    this.#waiting.add(end);
    consumer.once("close", abort);
    try {
      const provider = await reach(this.#around.provider, this.spec.target, end.signal);
      if (end.signal.aborted || consumer.destroyed) {
        provider.destroy();
        throw new BulkheadError("ABORTED", { operation: "connect" });
      }
      if (this.spec.identify === "proxy-v2") provider.write(proxyHeader(this.spec.consumer, number));
      return provider;
    } finally {
      timer.stop();
      this.#waiting.delete(end);
      consumer.off("close", abort);
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

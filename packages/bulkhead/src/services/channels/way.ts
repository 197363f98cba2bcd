import type { Connection } from "../../channel/connection.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { after } from "../../session/timer.js";
import { type CarriedEnd, Carrier } from "./carrier.js";
import type { ChannelEvent, ChannelSpec } from "./contract.js";
import { type ListenAt, type Listener, listen } from "./ends.js";
import { type Forwarded, forward } from "./forward.js";
import { Allowance } from "./limits.js";
import { proxyHeader } from "./proxy-header.js";
import { type Attached, type Provider, type Reached, reach } from "./reach.js";

/** How long a connection waits for a provider that restarts or does not listen yet. */
const WAIT_MS = 10_000;
/** How long two inits may take to hand over a connection. Ours do at once. */
const HAND_MS = 10_000;
/** After this many connections of one channel that were not let through, only each of this many is reported. */
const TOLD = 1_000;

/** What the bridge gives each of its ways. */
export interface Surroundings {
  readonly provider: Provider;
  readonly carrier: Carrier;
  readonly emit: (event: ChannelEvent) => unknown;
  /** Numbers of connections, unique in the service. */
  readonly number: () => number;
}

/** One channel in force: its listeners in the consumer, and its connections. */
export class ChannelWay {
  readonly spec: ChannelSpec;
  readonly #around: Surroundings;
  readonly #allowance: Allowance;
  /** Its number for the bridge's process. */
  readonly #number: number;
  /** What ends each connection. */
  readonly #open = new Set<() => void>();
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
    this.#number = around.carrier.channel();
  }

  /** Makes the consumer listen. If one end cannot, none does. @throws BulkheadError LISTEN_FAILED */
  async listen({ id, live }: Attached): Promise<void> {
    const { socket, tcp } = this.spec.inside;
    const ends: readonly ListenAt[] = [{ path: socket }, ...(tcp === null ? [] : [tcp])];
    this.#listeners = ends.map((at) =>
      listen(live.channel, at, (connection) => void this.#carry({ sandbox: id, connection })),
    );
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
    for (const end of [...this.#open]) end();
  }

  /** The provider's sandbox ends: those that are connected end, and those that wait for it still do. */
  endConnected(): void {
    for (const end of [...this.#open]) end();
  }

  async #carry(from: Reached): Promise<void> {
    const consumer = from.connection;
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
      const to = await this.#connect(consumer);
      const opened = () => report("opened");
      const { limit, reason, ...bytes } = await this.#move({ from, to, connection, opened });
      if (limit !== undefined) report("limited", { ...bytes, reason: limit });
      else report("closed", reason === undefined ? bytes : { ...bytes, reason });
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

  async #connect(consumer: Connection): Promise<Reached> {
    // Its own, and not joined with a longer one: Node keeps joined signals as long as the longest.
    const end = new AbortController();
    const abort = () => end.abort();
    const timer = after(WAIT_MS, abort);
    this.#waiting.add(end);
    consumer.once("close", abort);
    try {
      const reached = await reach(this.#around.provider, this.spec.target, end.signal);
      if (end.signal.aborted || consumer.destroyed) {
        reached.connection.destroy();
        throw new BulkheadError("ABORTED", { operation: "connect" });
      }
      return reached;
    } finally {
      timer.stop();
      this.#waiting.delete(end);
      consumer.off("close", abort);
    }
  }

  /** Moves the bytes: in the bridge's process where both inits can hand over, else here. */
  async #move(way: Joined): Promise<Moved> {
    const { from, to, connection } = way;
    const { identify, consumer } = this.spec;
    const header = identify === "proxy-v2" ? proxyHeader(consumer, connection) : Buffer.alloc(0);
    const { carrier } = this.#around;
    if (carrier.has(from.sandbox) && carrier.has(to.sandbox)) return await this.#handOver(way, header);
    if (header.length > 0) to.connection.write(header);
    way.opened();
    const end = () => void from.connection.destroy();
    this.#open.add(end);
    try {
      return await forward(from.connection, to.connection, this.#allowance);
    } finally {
      this.#open.delete(end);
    }
  }

  async #handOver({ from, to, connection, opened }: Joined, header: Buffer): Promise<Moved> {
    const { carrier } = this.#around;
    const end = () => carrier.end(connection);
    this.#open.add(end);
    const late = after(HAND_MS, () => {
      from.connection.destroy();
      to.connection.destroy();
    });
    try {
      const first = await Promise.all([
        from.connection.handOver(Carrier.token(connection, "consumer")),
        to.connection.handOver(Carrier.token(connection, "provider")),
      ]);
      late.stop();
      opened();
      const { left: bytes, bytesPerSecond, idleMs } = this.#allowance;
      const limits = { bytes, bytesPerSecond, idleMs };
      const ends = [from.sandbox, to.sandbox] as const;
      const over = await carrier.carry({ connection, channel: this.#number, ends, header, first, limits }).catch(lost);
      this.#allowance.count(over.bytesIn + over.bytesOut);
      return this.#moved(over);
    } finally {
      late.stop();
      to.connection.destroy();
      this.#open.delete(end);
    }
  }

  #moved({ bytesIn, bytesOut, reason }: Over): Moved {
    const bytes = { bytesIn, bytesOut };
    switch (reason) {
      case null:
      case "ended":
        return bytes;
      case "bytes":
        return { ...bytes, limit: this.#allowance.bytesUsed };
      case "idle":
        return { ...bytes, limit: this.#allowance.idled };
      case "descriptor":
        return { ...bytes, limit: "a component sent a file descriptor" };
      case "missing":
        return { ...bytes, reason: "a component did not hand over its socket" };
      default:
        return { ...bytes, reason: reason.message };
    }
  }
}

/** A connection whose two ends are connected. */
interface Joined {
  readonly from: Reached;
  readonly to: Reached;
  readonly connection: number;
  /** Called once its bytes can move. */
  readonly opened: () => void;
}

/** How a connection ended. */
interface Moved extends Forwarded {
  /** What broke it. */
  readonly reason?: string;
}

/** As the bridge's process says, or why it does not. */
type Over = Omit<CarriedEnd, "reason"> & { readonly reason: CarriedEnd["reason"] | BulkheadError };

/** The bridge is gone, and the connection with it. */
function lost(error: unknown): Over {
  if (!(error instanceof BulkheadError)) throw error;
  return { bytesIn: 0, bytesOut: 0, reason: error };
}

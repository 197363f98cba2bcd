import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../../broker/broker.js";
import { freshId } from "../../broker/fresh-id.js";
import { BRIDGE } from "../../contract/generated/plan-constants.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { Helper } from "../../helpers/helper.js";
import { unexpected } from "../../helpers/unexpected.js";
import type { Joins } from "../../sandbox/prepare/options.js";
import type { ChannelLimits } from "./contract.js";

/** A connection takes two descriptors. */
const OPEN_FILES = 16_384;
/** Attempts to announce a sandbox to a bridge whose hub the broker does not know yet, and the time between two. */
const ATTEMPTS = 200;
const PAUSE_MS = 10;
/** How long the bridge may take to end its connections when it is closed. It does at once. */
const END_MS = 2_000;

/** Two sockets that both inits have handed over. */
export interface Carried {
  /** Number of the connection, unique in the service. */
  readonly connection: number;
  /** Number of the channel, as {@link Carrier.channel} gave it. */
  readonly channel: number;
  /** Sandboxes of the consumer and of the provider. */
  readonly ends: readonly [string, string];
  /** The provider gets it first; it does not count. */
  readonly header: Buffer;
  /** Data that the inits of the consumer and the provider had read before. */
  readonly first: readonly [Buffer, Buffer];
  /** `bytes`: what is left of them. */
  readonly limits: Omit<ChannelLimits, "connections">;
}

/** How a connection ended. `reason` is null if both its ends were done. */
export interface CarriedEnd {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly reason: "bytes" | "idle" | "missing" | "descriptor" | "ended" | null;
}

/**
 * The bridge's process: `warden bridge`, confined as every helper is. Inits that share this host's kernel hand their
 * sockets over to it, and it moves the bytes. It is started with the first sandbox, and again if it is lost: the broker
 * keeps its connections to inits meanwhile. If the broker is lost, a new bridge belongs to the next one.
 */
export class Carrier implements Joins, AsyncDisposable {
  readonly #hub = freshId();
  readonly #joined = new Set<string>();
  #broker: Broker | undefined;
  #helper: Promise<Helper> | undefined;
  #pid: number | undefined;
  /** Connections that it carries. */
  readonly #carrying = new Set<Promise<unknown>>();
  #channels = 0;
  #closed = false;

  /** Process id of the bridge, if it runs. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** A number for a channel: its connections share its limits. */
  channel(): number {
    this.#channels += 1;
    return this.#channels;
  }

  /** The number that {@link Connection.handOver} needs for one end of a connection. */
  static token(connection: number, end: "consumer" | "provider"): number {
    return connection * 2 + (end === "provider" ? 1 : 0);
  }

  /** Whether the sandbox's init can hand over. */
  has(sandbox: string): boolean {
    return this.#joined.has(sandbox);
  }

  /** @throws BulkheadError SETUP_MISSING, HELPER_FAILED, BROKER_LOST */
  async join(broker: Broker, sandbox: string): Promise<void> {
    if (this.#broker?.alive !== true) this.#moveTo(broker);
    await (await this.#running()).ready();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await broker.join(sandbox, BRIDGE, this.#hub)) {
        this.#joined.add(sandbox);
        return;
      }
      await sleep(PAUSE_MS);
    }
    throw new BulkheadError("HELPER_FAILED", { operation: "join", detail: "the broker knows no such bridge" });
  }

  leave(sandbox: string): void {
    this.#joined.delete(sandbox);
  }

  /** Resolves when the connection is over. @throws BulkheadError HELPER_LOST, HELPER_FAILED */
  async carry({ header, first, limits, ...rest }: Carried): Promise<CarriedEnd> {
    const [inward, outward] = first;
    const { bytesPerSecond, bytes, idleMs } = limits;
    const message = {
      ...rest,
      header: header.toString("latin1"),
      first: [inward.toString("latin1"), outward.toString("latin1")],
      limits: { bytesPerSecond, bytes, idleMs },
    };
    const helper = await this.#running();
    const over = helper.call("join", message, undefined, Infinity);
    this.#carrying.add(over);
    try {
      return readEnd((await over).value);
    } finally {
      this.#carrying.delete(over);
    }
  }

  /** Ends a connection. */
  end(connection: number): void {
    // If the bridge is lost, the connection is over too.
    this.#helper?.then(async (helper) => await helper.call("end", { connection })).catch(() => undefined);
  }

  /** Connections that were ended get their counts first: they were not lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const late = new AbortController();
    await Promise.race([Promise.allSettled(this.#carrying), sleep(END_MS, undefined, { signal: late.signal })]).finally(
      () => late.abort(),
    );
    this.#stop();
  }

  /** The hub of the broker before, if any, was lost with it. */
  #moveTo(broker: Broker): void {
    this.#stop();
    this.#broker = broker;
  }

  #stop(): void {
    this.#helper?.then((helper) => helper[Symbol.dispose]()).catch(() => undefined);
    this.#helper = undefined;
    this.#pid = undefined;
  }

  /** The bridge, started if it does not run. */
  async #running(): Promise<Helper> {
    const broker = this.#broker;
    if (broker === undefined || this.#closed) throw new BulkheadError("SANDBOX_CLOSED", { operation: "bridge" });
    this.#helper ??= this.#start(broker);
    return await this.#helper;
  }

  #start(broker: Broker): Promise<Helper> {
    const starting = this.#launch(broker);
    const forget = () => {
      if (this.#helper !== starting) return;
      this.#helper = undefined;
      this.#pid = undefined;
    };
    starting
      .then(async (helper) => {
        if (this.#helper === starting) this.#pid = helper.pid;
        await helper.ended;
      })
      .then(forget, forget);
    return starting;
  }

  async #launch(broker: Broker): Promise<Helper> {
    const hub = await broker.hub(this.#hub);
    try {
      if (hub.destroyed) throw new BulkheadError("BROKER_LOST", { operation: "hub" });
      return Helper.start({ kind: "bridge", native: true, descriptors: [hub], files: OPEN_FILES });
    } finally {
      // The bridge has its own copy by now.
      hub.destroy();
    }
  }
}

/** The bridge may be compromised. */
function readEnd(value: unknown): CarriedEnd {
  const end = value as Partial<Record<keyof CarriedEnd, unknown>> | null;
  if (typeof end !== "object" || end === null) throw unexpected("bridge");
  const { bytesIn, bytesOut, reason } = end;
  if (!isCount(bytesIn) || !isCount(bytesOut)) throw unexpected("bridge");
  switch (reason) {
    case null:
    case "bytes":
    case "idle":
    case "missing":
    case "descriptor":
    case "ended":
      return { bytesIn, bytesOut, reason };
    default:
      throw unexpected("bridge");
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

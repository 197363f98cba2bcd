import type { Channel } from "../../channel/channel.js";
import type { Connection } from "../../channel/connection.js";
import type { Gate } from "../gate.js";
import { type Listener, listenTcp } from "./listen.js";

/** Names with listeners at one time. Each needs one listener per port, of the 256 that init has. */
const NAMES = 60;
const PORTS = 4;
/** For HTTP and HTTPS, if the gate does not say. */
const USUAL_PORTS = [80, 443] as const;

interface Listening {
  readonly listeners: readonly Listener[];
  readonly ready: Promise<boolean>;
}

/**
 * For programs that know no proxy: an allowed name gets a reserved address, and init listens there. Only once a program
 * has asked for the name, so that no port that the workload wants is taken needlessly.
 */
export class Transparent {
  readonly #channel: Channel;
  readonly #gate: Gate;
  /** In the order of their last lookup. */
  readonly #names = new Map<string, Listening>();

  constructor(channel: Channel, gate: Gate) {
    this.#channel = channel;
    this.#gate = gate;
  }

  /**
   * The address at which `name` can now be connected to; null: no rule allows it; undefined: nothing can listen here.
   */
  async lookup(name: string): Promise<string | null | undefined> {
    const address = this.#gate.resolveInside(name);
    if (address === null) return null;
    const listening = this.#names.get(address) ?? this.#listen(address, name);
    this.#names.delete(address);
    this.#names.set(address, listening);
    this.#forgetOldest();
    return (await listening.ready) ? address : undefined;
  }

  close(): void {
    for (const { listeners } of this.#names.values()) closeAll(listeners);
    this.#names.clear();
  }

  #listen(address: string, name: string): Listening {
    const ports = (this.#gate.portsInside?.(name) ?? USUAL_PORTS).slice(0, PORTS);
    const listeners = ports.map((port) =>
      listenTcp(this.#channel, address, port, (connection) => void this.#forward(connection, address, port)),
    );
    const ready = Promise.allSettled(listeners.map(({ listening }) => listening)).then((all) =>
      all.some(({ status }) => status === "fulfilled"),
    );
    return { listeners, ready };
  }

  #forgetOldest(): void {
    const [oldest] = this.#names;
    if (this.#names.size > NAMES && oldest !== undefined) {
      this.#names.delete(oldest[0]);
      closeAll(oldest[1].listeners);
    }
  }

  async #forward(connection: Connection, address: string, port: number): Promise<void> {
    try {
      const ask = { via: "transparent", host: this.#gate.nameOf(address) ?? address, port } as const;
      const verdict = await this.#gate.decide(ask);
      if (verdict.allowed) await this.#gate.forward(ask, verdict, connection, new Uint8Array(0));
      else connection.destroy();
    } catch {
      connection.destroy();
    }
  }
}

function closeAll(listeners: readonly Listener[]): void {
  for (const listener of listeners) listener.close();
}

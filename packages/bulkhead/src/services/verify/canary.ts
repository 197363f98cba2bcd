import { randomBytes, randomInt } from "node:crypto";
import { posix } from "node:path";
import type { Live } from "../../session/live.js";
import { type ListenAt, type Listener, listen } from "../channels/ends.js";
import type { ComponentSpec } from "../model.js";

/** Below the ports that Linux gives to outgoing connections. */
const PORTS = [20_000, 32_000] as const;
const ATTEMPTS = 4;

/**
 * Listeners inside one component that exist only for a verification. The component has not asked for them, so no other
 * may reach them. A connection shows on the host, whatever the one that made it says.
 */
export class Canary implements AsyncDisposable {
  /** Port of its loopback; null if its policy lets nothing listen on TCP. */
  readonly port: number | null;
  /** Path of its Unix socket; null if nothing can be created where its own sockets are. */
  readonly socket: string | null;
  readonly #listeners: readonly Listener[];
  readonly #arrived: { readonly port: number; readonly socket: number };

  private constructor(port: Opened | undefined, socket: Opened | undefined, arrived: Arrived) {
    this.port = port !== undefined && "port" in port.at ? port.at.port : null;
    this.socket = socket !== undefined && "path" in socket.at ? socket.at.path : null;
    this.#listeners = [port, socket].flatMap((one) => one?.listener ?? []);
    this.#arrived = arrived;
  }

  static async open({ offers }: ComponentSpec, live: Live): Promise<Canary> {
    const arrived = { port: 0, socket: 0 };
    const mark = randomBytes(6).toString("hex");
    const ports = Array.from({ length: ATTEMPTS }, () => ({ address: "127.0.0.1", port: randomInt(...PORTS) }));
    // Where its own sockets are comes first: if another component sees one of those, it sees this one too.
    const directories = offers.flatMap(({ target }) => ("socket" in target ? [posix.dirname(target.socket)] : []));
    const paths = [...new Set([...directories, "/tmp", "/dev/shm"])].map((directory) => ({
      path: posix.join(directory, `.verify-${mark}.sock`),
    }));
    const port = await firstOf(live, ports, () => {
      arrived.port += 1;
    });
    const socket = await firstOf(live, paths, () => {
      arrived.socket += 1;
    });
    return new Canary(port, socket, arrived);
  }

  /** How many connections came. */
  get arrived(): Readonly<Arrived> {
    return { ...this.#arrived };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

export interface Arrived {
  port: number;
  socket: number;
}

interface Opened {
  readonly at: ListenAt;
  readonly listener: Listener;
}

/** The first place at which init can listen; undefined if there is none. */
async function firstOf(live: Live, places: readonly ListenAt[], came: () => void): Promise<Opened | undefined> {
  for (const at of places) {
    const listener = listen(live.channel, at, (connection) => {
      came();
      connection.destroy();
    });
    try {
      await listener.listening;
      return { at, listener };
    } catch {
      // Taken, not writable, forbidden by Landlock, or the sandbox has ended: nothing is proved here.
      await listener.close();
    }
  }
  return undefined;
}

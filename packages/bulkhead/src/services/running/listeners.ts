import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_TIMER_MS } from "../../arguments/durations.js";
import { join } from "../../channel/join.js";
import { listenOnHost } from "../../session/expose.js";
import type { Live } from "../../session/live.js";
import type { ListenSpec, Target } from "../model.js";
import { reach } from "./reach.js";

/** How long a connection may wait for a component that starts, or that has no free slot. */
const WAIT_MS = 60_000;
/** Connections of one component that wait. Each costs a descriptor. */
const MOST_WAITING = 1024;
/** Connections that are open inside. Strangers can hold them open; the channel's 1,024 streams have other uses too. */
const MOST_OPEN = 512;
/** Between two attempts to connect to a program that does not accept, the first and the longest. */
const RETRY_MS = 50;
const LONGEST_RETRY_MS = 500;

/** One that listens. Its idle time can change while it does. */
interface Port {
  readonly server: Server;
  idleMs: number;
}

/**
 * Ports on the host that lead to one component. They stay open while the component restarts: connections wait until it
 * is ready again.
 */
export class Listeners {
  readonly #ports = new Map<string, Port>();
  readonly #open = new Set<Socket>();
  readonly #waiting = new Set<Socket>();
  #live: Live | undefined;
  /** Ends the wait of connections. Not a promise: it would keep something of each wait until the component is ready. */
  readonly #waits = new Set<() => void>();

  /** Opens these ports, and closes those that are not among them. @throws BulkheadError PORT_UNAVAILABLE */
  async listen(wanted: readonly ListenSpec[]): Promise<void> {
    for (const [key, { server }] of this.#ports) {
      if (wanted.some((listen) => keyOf(listen) === key)) continue;
      this.#ports.delete(key);
      server.close();
    }
    for (const { address, port, target, idleMs } of wanted) {
      const key = keyOf({ address, port, target });
      const open = this.#ports.get(key);
      if (open !== undefined) {
        open.idleMs = idleMs;
        continue;
      }
      const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
        void this.#carry(socket, target, made.idleMs);
      });
      const made: Port = { server, idleMs };
      await listenOnHost(server, address, port);
      server.on("error", () => undefined);
      this.#ports.set(key, made);
    }
  }

  /** Connections go to this sandbox from now on. */
  connect(live: Live): void {
    this.#live = live;
    this.#wake();
  }

  /** New connections wait from now on. */
  hold(): void {
    this.#live = undefined;
  }

  /** Resolves when the open connections have ended, or after `ms`. */
  async idle(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (this.#open.size > 0 && performance.now() < until) await sleep(10);
  }

  /** As {@link idle}; those left are then ended. */
  async drain(ms: number): Promise<void> {
    await this.idle(ms);
    for (const socket of this.#open) socket.destroy();
  }

  close(): void {
    this.hold();
    for (const { server } of this.#ports.values()) server.close();
    this.#ports.clear();
    for (const socket of [...this.#waiting, ...this.#open]) socket.destroy();
    this.#wake();
  }

  async #carry(socket: Socket, target: Target, idleMs: number): Promise<void> {
    // Until it is joined nothing else listens; a client that resets the connection must not end this process.
    socket.on("error", () => undefined);
    if (this.#waiting.size >= MOST_WAITING) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    const connection = await this.#connected(socket, target).finally(() => this.#waiting.delete(socket));
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    socket.setTimeout(Math.min(idleMs, LONGEST_TIMER_MS), () => socket.destroy());
    await join(socket, connection);
    this.#open.delete(socket);
    this.#wake();
  }

  /** Tries until the program inside accepts: until then not a byte of the connection is lost. */
  async #connected(socket: Socket, target: Target) {
    const until = performance.now() + WAIT_MS;
    let pause = RETRY_MS;
    while (!socket.destroyed && performance.now() < until) {
      const live = this.#live;
      if (live === undefined || this.#open.size >= MOST_OPEN) {
        if (this.#ports.size === 0) return undefined;
        await this.#changeWithin(LONGEST_RETRY_MS);
        continue;
      }
      const connection = await reach(live, target).catch(() => undefined);
      if (connection !== undefined) return connection;
      await sleep(pause);
      pause = Math.min(pause * 2, LONGEST_RETRY_MS);
    }
    return undefined;
  }

  #changeWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waits.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waits.add(done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waits]) done();
  }
}

/** Whether an open port serves for both. */
export function isSamePort(one: ListenSpec, other: ListenSpec): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf({ address, port, target }: Omit<ListenSpec, "name" | "idleMs">): string {
  return JSON.stringify([address, port, target]);
}

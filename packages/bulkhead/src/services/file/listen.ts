import { isIP } from "node:net";
import type { ListenSocket } from "../../contract/generated/channel-requests.js";
import type { ComponentSpec, ListenSpec, OfferSpec, Target } from "../model.js";
import type { Problems } from "./problems.js";
import type { ReadComponent } from "./read.js";

/** Strangers can open connections and say nothing; programs that keep quiet ones longer name their own time. */
const IDLE_MS = 10 * 60_000;

/**
 * Ports on the host. Without a target of its own, one leads to the offer of the same name, else to the same port
 * inside.
 */
export function listenersOf(
  { name, own }: ReadComponent,
  offers: readonly OfferSpec[],
  problems: Problems,
): readonly ListenSpec[] {
  return Object.entries(own.listen ?? {}).flatMap(([listener, written]) => {
    const long = typeof written === "string" ? { host: written, idle: undefined } : written;
    const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^[\]]+)):(\d+)$/.exec(long.host) ?? [];
    const [address, port] = [bracketed ?? plain ?? "", Number(digits)];
    if (isIP(address) === 0 || port < 1 || port > 65_535) {
      problems.add(["components", name, "listen", listener], "must be ADDRESS:PORT with a port from 1 to 65535");
      return [];
    }
    const target = targetOf(long, listener, port, offers);
    return [{ name: listener, address, port, target, idleMs: long.idle ?? IDLE_MS }];
  });
}

/**
 * Sockets that the program finds open. They belong to the sandbox: one of the host's could be disconnected, and then
 * connected to anything that the host reaches.
 */
export function socketsOf({ name, own }: ReadComponent, listen: readonly ListenSpec[], problems: Problems) {
  const sockets: ListenSocket[] = [];
  for (const { name: listener, target } of listen) {
    const written = own.listen?.[listener];
    if (typeof written !== "object" || !("descriptor" in written) || written.descriptor !== true) continue;
    const refuse = (message: string) => problems.add(["components", name, "listen", listener, "descriptor"], message);
    if ("socket" in target) {
      refuse("needs a port: the offer of this name is a Unix socket");
      continue;
    }
    const same = sockets.find(({ port }) => port === target.port);
    if (same === undefined) sockets.push({ name: listener, port: target.port });
    else refuse(`port ${target.port} inside is already the descriptor ${same.name}: leave this one out`);
  }
  return sockets;
}

type Long = { readonly port?: number | undefined; readonly socket?: string | undefined };

function targetOf({ port, socket }: Long, name: string, hostPort: number, offers: readonly OfferSpec[]): Target {
  if (socket !== undefined) return { socket };
  if (port !== undefined) return { port };
  return offers.find((offer) => offer.name === name)?.target ?? { port: hostPort };
}

/** Two components cannot listen on one port of the host. */
export function portsTakenTwice(components: readonly ComponentSpec[], problems: Problems): void {
  const taken: { readonly component: string; readonly at: ListenSpec }[] = [];
  for (const { name, listen } of components) {
    for (const at of listen) {
      const other = taken.find((earlier) => overlap(earlier.at, at));
      if (other !== undefined) {
        const message = `${at.address}:${at.port} is taken by ${other.component}.${other.at.name}`;
        problems.add(["components", name, "listen", at.name], message);
      }
      taken.push({ component: name, at });
    }
  }
}

const EVERY: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

function overlap(one: ListenSpec, other: ListenSpec): boolean {
  return (
    one.port === other.port && (one.address === other.address || EVERY.has(one.address) || EVERY.has(other.address))
  );
}

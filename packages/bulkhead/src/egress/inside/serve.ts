import type { Channel } from "../../channel/channel.js";
import { INSIDE } from "../../policy/network/inside.js";
import type { Gate } from "../gate.js";
import { listenUdp } from "./datagrams.js";
import { answerQuery, serveDnsTcp } from "./dns/server.js";
import { HttpProxy } from "./http-proxy.js";
import { listenTcp } from "./listen.js";
import { serveSocks } from "./socks.js";
import { Transparent } from "./transparent.js";

/** The services inside a sandbox with egress. */
export interface Inside {
  /** Resolves when the proxies listen; rejects if they cannot, and nothing can then go out. */
  readonly ready: Promise<void>;
  close(): void;
}

/**
 * Starts the proxies and the name server inside, over the connection of the sandbox's egress. A program may start once
 * they are `ready`.
 */
export function serveInside(channel: Channel, gate: Gate): Inside {
  const http = new HttpProxy(gate);
  const transparent = new Transparent(channel, gate);
  const lookup = (name: string) => transparent.lookup(name);
  const { address, httpPort, socksPort, dnsPort } = INSIDE;
  const needed = [
    listenTcp(channel, address, httpPort, (client) => http.serve(client)),
    listenTcp(channel, address, socksPort, (client) => void serveSocks(gate, client)),
  ];
  // A workload with its own name server there, or without IPv6, loses nothing.
  const welcome = [
    listenTcp(channel, "::1", httpPort, (client) => http.serve(client)),
    listenTcp(channel, "::1", socksPort, (client) => void serveSocks(gate, client)),
    listenUdp(channel, address, dnsPort, (message) => answerQuery(lookup, message)),
    listenTcp(channel, address, dnsPort, (client) => void serveDnsTcp(lookup, client)),
  ];
  const ready = Promise.all(needed.map(({ listening }) => listening)).then(() => undefined);
  ready.catch(() => undefined);
  const close = () => {
    transparent.close();
    for (const listener of [...needed, ...welcome]) listener.close();
  };
  return { ready, close };
}

import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  request,
} from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { Ask, Gate, Verdict } from "../../src/egress/gate.js";
import { type Handed, handed } from "../../src/egress/handed.js";
import { HttpProxy } from "../../src/egress/inside/http-proxy.js";
import type { EgressEvent } from "../../src/egress/log/event.js";
import { openEgress } from "../../src/egress/open.js";
import type { EgressOptions } from "../../src/egress/options.js";
import type { RuleGate } from "../../src/egress/rule-gate.js";
import { loadSecrets } from "../../src/egress/secrets/load.js";
import { Authority } from "../../src/egress/tls/authority.js";
import { rulesFor } from "../../src/policy/network/full.js";
import { parsePolicy } from "../../src/policy/parse.js";
import type { Policy } from "../../src/policy/schema.js";
import { duplexPair } from "../support/duplex-pair.js";

const servers: Server[] = [];

/** The authority that vouches for the test's own servers. */
export const outsideAuthority = await Authority.create();

export function closeServers(): void {
  for (const server of servers.splice(0)) server.close();
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A TCP server that sends back what it is sent. */
export async function echoServer(): Promise<number> {
  return await listening(createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)));
}

export async function httpServer(answer: RequestListener): Promise<number> {
  return await listening(createHttp(answer));
}

/** An HTTPS server with a certificate for `host`. */
export async function httpsServer(host: string, answer: RequestListener): Promise<number> {
  const context = await outsideAuthority.contextFor(host);
  return await listening(createHttps({ SNICallback: (_name, done) => done(null, context) }, answer));
}

/** A gate, what it told, and a way through it. */
export async function gateFor(
  policy: Pick<Policy, "network" | "secrets">,
  options: EgressOptions = {},
): Promise<TestGate> {
  const { network, secrets } = parsePolicy(policy);
  const rules = rulesFor(network);
  if (rules === null) throw new Error("a policy with a network is needed");
  const events: EgressEvent[] = [];
  const loaded = await loadSecrets(secrets);
  const { gate, bundle } = await openEgress("container", rules, loaded, {
    resolver: async () => ["127.0.0.1"],
    authorities: [outsideAuthority.certificate],
    onEgressEvent: (event) => events.push(event),
    ...options,
  });
  return { gate, ...handed(loaded, bundle), events, open: (ask: Ask) => openThrough(gate, ask) };
}

export interface TestGate extends Handed {
  readonly gate: RuleGate;
  readonly events: EgressEvent[];
  readonly open: (ask: Ask) => Promise<Opened>;
}

export interface Opened {
  readonly verdict: Verdict;
  /** The client's end; undefined: it was refused. */
  readonly client: Duplex | undefined;
  readonly done: Promise<void>;
}

async function openThrough(gate: Gate, ask: Ask): Promise<Opened> {
  const verdict = await gate.decide(ask);
  if (!verdict.allowed) return { verdict, client: undefined, done: Promise.resolve() };
  const [client, inside] = duplexPair();
  client.on("error", () => undefined);
  inside.once("close", () => client.destroy());
  client.once("close", () => inside.destroy());
  const done = gate.forward(ask, verdict, inside, new Uint8Array());
  return { verdict, client, done };
}

/** Begins TLS as a client inside would that trusts `ca`. */
export async function tlsClient(socket: Duplex, servername: string, ca: string): Promise<Duplex> {
  return await new Promise((resolve, reject) => {
    const secure = connect({ socket, servername, ca, ALPNProtocols: ["http/1.1"] });
    secure.once("secureConnect", () => resolve(secure));
    secure.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
  });
}

/** One request in absolute form, to the proxy that a sandbox has inside. */
export async function askProxy(gate: Gate, url: string, options: RequestOptions = {}): Promise<Answer> {
  const [client, inside] = duplexPair();
  new HttpProxy(gate).serve(inside);
  return await ask(client, { path: url, headers: { host: new URL(url).host, connection: "close" }, ...options });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** One request on a connection that is there already. */
export async function ask(socket: Duplex, options: RequestOptions): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const outgoing = request({ createConnection: () => socket as never, ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
    outgoing.end();
  });
}

import { deepStrictEqual } from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { connect } from "node:tls";
import type { Channel } from "../../packages/bulkhead/src/channel/channel.js";
import { FD_OUT } from "../../packages/bulkhead/src/channel/protocol.js";
import type { StreamHandler } from "../../packages/bulkhead/src/channel/stream.js";
import type { Ask, Gate } from "../../packages/bulkhead/src/egress/gate.js";
import { listenUdp } from "../../packages/bulkhead/src/egress/inside/datagrams.js";
import { readQuery } from "../../packages/bulkhead/src/egress/inside/dns/message.js";
import { absoluteTarget, authorityTarget } from "../../packages/bulkhead/src/egress/inside/http-target.js";
import { serveSocks } from "../../packages/bulkhead/src/egress/inside/socks.js";
import { openEgress } from "../../packages/bulkhead/src/egress/open.js";
import { Redactor } from "../../packages/bulkhead/src/egress/secrets/redact.js";
import { readClientHello } from "../../packages/bulkhead/src/egress/tls/client-hello.js";
import { rulesFor } from "../../packages/bulkhead/src/policy/network/full.js";
import { normalHost } from "../../packages/bulkhead/src/policy/network/host.js";
import { readRule } from "../../packages/bulkhead/src/policy/network/rule.js";
import { parsePolicy } from "../../packages/bulkhead/src/policy/parse.js";
import { pieces, type Random } from "./random.js";
import type { Target } from "./targets.js";

const HOST = "good.test";
const SECRET = 's3cret/with+odd=signs&"more" in it';

/** What a sandbox's programs, the hosts that they talk to, and init say to the gate. */
export const network: Readonly<Record<string, Target>> = {
  "queries of DNS": {
    seeds: [Buffer.concat([questionHeader(), Buffer.from("\x04good\x04test\0\0\x01\0\x01", "latin1")])],
    run: (input) => {
      const name = readQuery(input)?.name ?? readQuery(Buffer.concat([questionHeader(), input]))?.name ?? "";
      if (!/^[a-z0-9_.-]*$/.test(name)) throw new Error(`a name with ${JSON.stringify(name)}`);
    },
  },
  "handshakes of TLS": {
    seeds: [await clientHello(HOST), await clientHello(undefined)],
    run: (input, random) => {
      const read = readClientHello(input);
      // More of the same stream changes nothing of what is known, and less of it knows nothing else.
      if (read.kind === "hello") deepStrictEqual(readClientHello(Buffer.concat([input, random.bytes(4)])), read);
      const part = readClientHello(input.subarray(0, random.below(input.length + 1)));
      if (read.kind === "hello" && part.kind === "hello") deepStrictEqual(part, read);
      if (read.kind === "hello" && part.kind === "invalid") throw new Error("a part is invalid, and the whole is not");
    },
  },
  "targets of HTTP and SOCKS": {
    seeds: ["good.test:443", "[::ffff:1.2.3.4]:80", "http://good.test:80/a?b", "0x7f.1:80", "xn--bcher-kva.test."].map(
      bytes,
    ),
    run: (input) => {
      const text = input.toString("latin1");
      const hosts = [authorityTarget(text), absoluteTarget(text)].map((target) => target?.host ?? text);
      for (const host of hosts) {
        const found = normalHost(host);
        // What a name is brought into must be where it stays: else it is decided on as one and connected to as another.
        if (found.kind === "name") deepStrictEqual(normalHost(found.name), found);
      }
    },
  },
  "rules of a policy": {
    seeds: ["*.good.test:1-2", "https://good.test/v1/", "tcp://[2001:db8::]/32:*", "10.0.0.0/8", "0.0.0.0/0:80"].map(
      bytes,
    ),
    run: (input) => {
      const text = input.toString("utf8");
      const rule = readRule(text, "allow");
      if (typeof rule !== "string") deepStrictEqual(readRule(rule.text, "allow"), rule);
    },
  },
  "greetings of SOCKS": { seeds: [socks(HOST), socks("127.0.0.1")], run: socksGreeting },
  "datagrams from init": {
    seeds: [Buffer.from("\0\0\0\x01\0\x05hello\0\0\0\x02\0\0", "latin1")],
    run: async (input, random) => deepStrictEqual(await datagrams(pieces(input, random)), await datagrams([input])),
  },
  "answers with a secret in them": {
    seeds: [bytes(`<p>${SECRET}</p>`), bytes(encodeURIComponent(SECRET)), bytes(JSON.stringify({ a: SECRET }))],
    run: async (input, random) => {
      const covered = await redacted(pieces(input, random));
      if (covered.length !== input.length) throw new Error("covering changed a length");
      for (const form of FORMS) if (covered.includes(form)) throw new Error(`not covered: ${form}`);
    },
  },
  "requests on a tunnel": {
    seeds: [
      `GET /a HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
      `POST /b HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\n\r\nhelloGET /c HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
      `POST /d HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n`,
    ].map(bytes),
    run: requests,
  },
};

function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** A header of DNS with one question; what follows is the question. */
function questionHeader(): Buffer {
  return Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
}

/** What a real client begins with. */
async function clientHello(servername: string | undefined): Promise<Buffer> {
  const hello = await new Promise<Buffer>((resolve) => {
    const wire = new Duplex({ read: () => undefined, write: (chunk: Buffer) => resolve(chunk) });
    connect({ socket: wire, ...(servername === undefined ? {} : { servername }), ALPNProtocols: ["h2"] });
  });
  return Buffer.from(hello);
}

function socks(host: string): Buffer {
  return Buffer.concat([Buffer.of(5, 1, 0, 5, 1, 0, 3, host.length), bytes(host), Buffer.of(1, 187)]);
}

/** A gate that lets nothing through, and looks at what it is asked. */
class Shut implements Gate {
  readonly asked: Ask[] = [];
  async decide(ask: Ask) {
    this.asked.push(ask);
    if (!Number.isInteger(ask.port) || ask.port < 1 || ask.port > 65_535) throw new Error(`port ${ask.port}`);
    return { allowed: false, reason: "", rule: null } as const;
  }
  async forward(): Promise<void> {
    throw new Error("forwarded what was denied");
  }
  async request(): Promise<void> {
    throw new Error("asked what was denied");
  }
  refused(): void {
    // Nothing to decide on.
  }
  resolveInside(): null {
    return null;
  }
  nameOf(): null {
    return null;
  }
}

async function socksGreeting(input: Buffer, random: Random): Promise<void> {
  const asked = async (parts: readonly Buffer[]) => {
    const gate = new Shut();
    const client = new PassThrough();
    // What it answers would be read again as the client's: both ways are apart.
    const wire = Object.assign(client, { end: () => client, write: () => true });
    for (const part of parts) client.push(part);
    client.push(null);
    await serveSocks(gate, wire);
    client.destroy();
    return gate.asked;
  };
  deepStrictEqual(await asked(pieces(input, random)), await asked([input]));
}

/** What is answered to the datagrams in a stream of init's, and to whom. */
async function datagrams(parts: readonly Buffer[]): Promise<readonly string[]> {
  const seen: string[] = [];
  let handler: StreamHandler | undefined;
  const stream = {
    consumed: () => undefined,
    cancel: () => undefined,
    write: (_bytes: Buffer, done: () => void) => done(),
  };
  const channel = {
    open: (_request: unknown, given: StreamHandler) => {
      handler = given;
      return stream;
    },
  };
  listenUdp(channel as unknown as Channel, "127.0.0.1", 53, async (datagram) => {
    seen.push(datagram.toString("hex"));
    return undefined;
  });
  for (const part of parts) handler?.data?.(FD_OUT, part);
  return seen;
}

const FORMS = [
  SECRET,
  encodeURIComponent(SECRET),
  JSON.stringify(SECRET).slice(1, -1),
  Buffer.from(SECRET).toString("hex"),
];

async function redacted(parts: readonly Buffer[]): Promise<Buffer> {
  const stream = new Redactor([SECRET]).stream();
  for (const part of parts) stream.write(part);
  stream.end();
  return Buffer.concat((await stream.toArray()) as Buffer[]);
}

/** A server that takes down every byte, and answers whatever ends a head. */
let heard: Buffer[] = [];
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    heard.push(chunk);
    if (chunk.includes("\r\n\r\n")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
server.unref();
const { port } = server.address() as { readonly port: number };
const allowed = { host: HOST, ports: port, protocol: "http", paths: ["/a", "/b", "/c", "/d"], private: true } as const;
const rules = rulesFor(parsePolicy({ network: { allow: [{ ...allowed, paths: [...allowed.paths] }] } }).network);
const permitted: string[] = [];
const egress =
  rules === null
    ? undefined
    : await openEgress("container", rules, [], {
        resolver: async () => ["127.0.0.1"],
        onEgressEvent: ({ verdict, method, path }) => void (verdict === "allow" && permitted.push(`${method} ${path}`)),
      });

/** Nothing reaches a host but requests that were decided on, each written so that it can be read in one way only. */
async function requests(input: Buffer, random: Random): Promise<void> {
  heard = [];
  const text = bytes(input.toString("latin1").replaceAll(HOST, `${HOST}:${port}`));
  const ask = { via: "connect", host: HOST, port } as const;
  const verdict = await egress?.gate.decide(ask);
  if (verdict?.allowed !== true) throw new Error("not allowed");
  const inside = new PassThrough();
  const client = Object.assign(inside, {
    write: (_chunk: unknown, ...rest: unknown[]) => answered(rest),
    end: () => inside,
  });
  for (const part of pieces(text, random)) inside.push(part);
  inside.push(null);
  const done = egress?.gate.forward(ask, verdict, client as Duplex, new Uint8Array());
  const late = setTimeout(() => inside.destroy(), random.below(30));
  await done;
  clearTimeout(late);
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const head of headsIn(Buffer.concat(heard).toString("latin1"))) checkHead(head);
}

function answered(rest: readonly unknown[]): boolean {
  const done = rest.find((each) => typeof each === "function");
  if (typeof done === "function") process.nextTick(done as () => void);
  return true;
}

/** The heads of what a host was sent, read by the simplest of parsers. */
function headsIn(text: string): readonly string[] {
  const heads: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return heads;
    const head = rest.slice(0, end);
    heads.push(head);
    rest = rest.slice(end + 4);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? "0");
    if (!/^transfer-encoding: chunked$/im.test(head)) rest = rest.slice(length);
    else {
      for (;;) {
        const size = Number.parseInt(rest, 16);
        const start = rest.indexOf("\r\n") + 2;
        if (start === 1 || Number.isNaN(size)) return heads;
        rest = rest.slice(start + size + 2);
        if (size === 0) break;
      }
    }
  }
  return heads;
}

function checkHead(head: string): void {
  const [line = "", ...fields] = head.split("\r\n");
  const wrong = (what: string) => new Error(`${what}: ${JSON.stringify(head)}`);
  if (/[\r\n\0]/.test(head.replaceAll("\r\n", ""))) throw wrong("a bare end of line");
  if (!/^[A-Z-]+ \/[abcd](\/\S*|\?\S*)? HTTP\/1\.1$/.test(line)) throw wrong("a request that no rule allows");
  if (fields.some((field) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?/.test(field))) throw wrong("a field that is none");
  const named = (name: string) => fields.filter((field) => field.toLowerCase().startsWith(`${name}:`));
  if (named("host").join() !== `Host: ${HOST}:${port}` && named("host")[0]?.toLowerCase() !== `host: ${HOST}:${port}`)
    throw wrong("a Host");
  if (named("content-length").length + named("transfer-encoding").length > 1) throw wrong("two lengths");
}

import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { HttpProxy } from "../../src/egress/inside/http-proxy.js";
import { readRule } from "../../src/policy/network/rule.js";
import type { NetworkRules } from "../../src/policy/network/types.js";
import { duplexPair } from "../support/duplex-pair.js";
import { closeServers, echoServer, gateFor, httpServer, httpsServer } from "./world.js";

afterAll(closeServers);

const limits = { connections: 8, bytes: null, bytesPerSecond: null, idleMs: 60_000 };

function rulesOf(...allow: readonly Parameters<typeof readRule>[0][]): NetworkRules {
  const read = allow.map((rule) => readRule(rule, "allow")).filter((rule) => typeof rule !== "string");
  return { allow: read, deny: [], limits };
}

describe("a client that asks on without waiting for an answer", () => {
  it.each(["on a tunnel", "in absolute form"])("is cut off, and holds no memory (%s)", async (how) => {
    let asked = 0;
    const port = await httpServer(() => {
      asked += 1;
    });
    const { gate, open, events } = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true }] },
    });
    const [own, inside] = duplexPair();
    const tunnel = how === "on a tunnel" ? await open({ via: "connect", host: "good.test", port }) : undefined;
    if (tunnel === undefined) new HttpProxy(gate).serve(inside);
    const client = tunnel?.client ?? own;
    client.on("error", () => undefined).resume();
    const from = tunnel === undefined ? `http://good.test:${port}` : "";
    const many = `GET ${from}/a HTTP/1.1\r\nHost: good.test:${port}\r\n\r\n`.repeat(2_000);
    for (let turn = 0; turn < 50 && !client.destroyed && !inside.destroyed; turn += 1) {
      client.write(many);
      await sleep(2);
    }
    if (!client.destroyed && !inside.destroyed) await Promise.race([once(client, "close"), once(inside, "close")]);
    expect(asked).toBeLessThan(100);
    await expect.poll(() => events.length).toBeLessThan(5_000);
  });
});

describe("a client that goes away", () => {
  it("leaves no connection to the host behind", async () => {
    let ended = 0;
    let asked = 0;
    const port = await httpServer((request) => {
      asked += 1;
      request.socket.once("close", () => {
        ended += 1;
      });
    });
    const { gate } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const [client, inside] = duplexPair();
    new HttpProxy(gate).serve(inside);
    client.write(`GET http://good.test:${port}/ HTTP/1.1\r\nHost: good.test:${port}\r\n\r\n`);
    await expect.poll(() => asked).toBe(1);
    inside.destroy();
    await expect.poll(() => ended, { timeout: 3_000 }).toBe(1);
  });
});

describe("a client that is gone before it is looked at", () => {
  it.each([
    ["HTTP", "GET / HTTP/1.1\r\nHost: good.test\r\n\r\n"],
    ["what is no HTTP", "what is this\r\n\r\n"],
    ["TLS", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"],
  ])("holds no place, having said %s", async (_what, text) => {
    const port = await httpServer((_request, response) => response.end());
    const { gate, events } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const ask = { via: "connect", host: "good.test", port } as const;
    const verdict = await gate.decide(ask);
    if (!verdict.allowed) throw new Error("refused");
    const inside = new PassThrough();
    inside.push(text, "latin1");
    // While the host is connected to. Destroyed, it still gives what it holds, and has said already that it is closed.
    const done = gate.forward(ask, verdict, inside, new Uint8Array());
    inside.destroy();
    await done;
    expect(events).toHaveLength(1);
  });
});

describe("a change of rules", () => {
  it.each([
    ["its name may no longer lead to private addresses", (port: number) => ({ host: "good.test", ports: port })],
    [
      "its requests are to be seen",
      (port: number) => ({ host: "good.test", ports: port, private: true, intercept: true }),
    ],
    [
      "another protocol is meant",
      (port: number) => ({ host: "good.test", ports: port, private: true, protocol: "http" as const }),
    ],
  ])("ends a connection where %s", async (_what, rule) => {
    const port = await echoServer();
    const { gate, open } = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true, protocol: "tcp" }] },
    });
    const { client, done } = await open({ via: "socks", host: "good.test", port });
    client?.write("x");
    if (client !== undefined) await once(client, "data");
    gate.change(rulesOf({ host: "good.test", ports: port, private: true, protocol: "tcp" }));
    client?.write("y");
    if (client !== undefined) await once(client, "data");
    gate.change(rulesOf(rule(port)));
    await done;
    expect(client?.destroyed).toBe(true);
  });
});

describe("a handshake", () => {
  it("that hides its host (ECH) is refused, whichever name it shows", async () => {
    let connections = 0;
    const port = await httpsServer("good.test", (_request, response) => response.end("ok"));
    const { open, events } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const { client, done } = await open({ via: "connect", host: "good.test", port });
    const [far, near] = duplexPair();
    const hello = once(far, "data");
    connect({ socket: near, servername: "good.test" }).on("error", () => undefined);
    const [bytes] = (await hello) as [Buffer];
    client?.on("data", () => {
      connections += 1;
    });
    client?.write(withEch(bytes));
    await done;
    expect(connections).toBe(0);
    expect(events).toMatchObject([{ verdict: "deny", reason: expect.stringContaining("ECH") }]);
  });

  it("that is looked into settles on HTTP/1.1, though the client would rather have HTTP/2", async () => {
    const port = await httpsServer("good.test", (_request, response) => response.end("ok"));
    const { open, bundle } = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true, intercept: true }] },
    });
    const { client } = await open({ via: "connect", host: "good.test", port });
    if (client === undefined) throw new Error("refused");
    const secure = connect({
      socket: client,
      servername: "good.test",
      ca: bundle?.content ?? "",
      ALPNProtocols: ["h2", "http/1.1"],
    });
    await once(secure, "secureConnect");
    expect(secure.alpnProtocol).toBe("http/1.1");
    secure.destroy();
  });
});

/** Adds an extension of type 0xfe0d to a ClientHello of one record. */
function withEch(hello: Buffer): Buffer {
  const ech = Buffer.concat([Buffer.of(0xfe, 0x0d, 0, 8), Buffer.alloc(8)]);
  const bytes = Buffer.concat([hello, ech]);
  const session = 5 + 4 + 34;
  const suites = session + 1 + (bytes[session] ?? 0);
  const compression = suites + 2 + bytes.readUInt16BE(suites);
  const extensions = compression + 1 + (bytes[compression] ?? 0);
  bytes.writeUInt16BE(bytes.readUInt16BE(extensions) + ech.length, extensions);
  bytes.writeUInt16BE(bytes.readUInt16BE(7) + ech.length, 7);
  bytes.writeUInt16BE(bytes.readUInt16BE(3) + ech.length, 3);
  return bytes;
}

describe("ranges", () => {
  it("that are named let their addresses be connected to, and no name that leads there", async () => {
    const { gate } = await gateFor({ network: { allow: ["10.0.0.0/8:443"] } }, { resolver: async () => ["10.1.2.3"] });
    const allowed = async (host: string, port = 443) => (await gate.decide({ via: "socks", host, port })).allowed;
    expect(await Promise.all(["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203"].map((host) => allowed(host)))).toEqual(
      [true, true, true],
    );
    expect(await Promise.all(["inner.test", "11.0.0.1", "192.168.0.1"].map((host) => allowed(host)))).toEqual([
      false,
      false,
      false,
    ]);
    expect(await allowed("10.1.2.3", 80)).toBe(false);
  });

  it.each([
    "fe80::1%eth0",
    "fe80::1%25eth0",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "::127.0.0.1",
    "::7f00:1",
    "0.0.0.0",
    "::",
    "127.0.0.1.",
    "169.254.169.254",
    "2001::7f00:1",
  ])("of everything do not hold %s, nor does a name that leads there", async (address) => {
    const network = { allow: ["*:*", "tcp://0.0.0.0/0:*", "tcp://[::]/0:*"] };
    const { gate } = await gateFor({ network }, { resolver: async () => [address] });
    for (const host of [address, "name.test"]) {
      expect(await gate.decide({ via: "socks", host, port: 80 }), host).toMatchObject({ allowed: false });
    }
  });
});

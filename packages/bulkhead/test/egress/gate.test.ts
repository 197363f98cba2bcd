import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import { readRule } from "../../src/policy/network/rule.js";
import {
  ask,
  askProxy,
  closeServers,
  echoServer,
  gateFor,
  httpServer,
  httpsServer,
  outsideAuthority,
  tlsClient,
} from "./world.js";

afterAll(closeServers);

const CA = outsideAuthority.certificate;

describe("tcp", () => {
  it("passes bytes both ways, and half a close", async () => {
    const port = await echoServer();
    const { open, events } = await gateFor({ network: { allow: [`tcp://127.0.0.1:${port}`] } });
    const { client, done } = await open({ via: "socks", host: "127.0.0.1", port });
    client?.end("hello");
    const [chunk] = client === undefined ? [] : await once(client, "data");
    expect(String(chunk)).toBe("hello");
    await done;
    expect(events).toMatchObject([
      { verdict: "allow", rule: `tcp://127.0.0.1:${port}`, address: "127.0.0.1", bytesIn: 5, bytesOut: 5 },
    ]);
  });

  it("carries HTTP that comes to the proxy, too", async () => {
    const port = await httpServer((request, response) => response.end(`${request.method} ${request.url}`));
    const rule = { host: "good.test", ports: port, protocol: "tcp", private: true } as const;
    const { gate } = await gateFor({ network: { allow: [rule] } });
    expect(await askProxy(gate, `http://good.test:${port}/a`)).toMatchObject({ status: 200, body: "GET /a" });
    expect(await gate.decide({ via: "http", host: "other.test", port, method: "GET", path: "/" })).toMatchObject({
      allowed: false,
    });
    const full = await gateFor({ network: "full" }, { resolver: async () => ["1.1.1.1"] });
    expect(await full.gate.decide({ via: "http", host: "any.test", port: 80, method: "GET", path: "/" })).toMatchObject(
      { allowed: true, addresses: ["1.1.1.1"] },
    );
  });
});

describe("TLS", () => {
  it("is the client's own, end to end", async () => {
    const port = await httpsServer("good.test", (_request, response) => response.end("hi"));
    const { open } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const { client } = await open({ via: "connect", host: "GOOD.test.", port });
    const secure = client === undefined ? undefined : await tlsClient(client, "good.test", CA);
    expect(secure === undefined ? undefined : await ask(secure, { headers: { host: "good.test" } })).toMatchObject({
      status: 200,
      body: "hi",
    });
  });

  it.each([
    ["another name", "evil.test"],
    ["no name", ""],
  ])("with %s in its handshake is refused", async (_what, servername) => {
    let asked = 0;
    const port = await httpsServer("good.test", (_request, response) => {
      asked += 1;
      response.end();
    });
    const { open, events } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const { client, done } = await open({ via: "connect", host: "good.test", port });
    await expect(client === undefined ? undefined : tlsClient(client, servername, CA)).rejects.toThrow();
    await done;
    expect(asked).toBe(0);
    expect(events).toMatchObject([{ verdict: "deny", reason: expect.stringContaining("handshake") }]);
  });
});

describe("HTTP on a tunnel", () => {
  it("is checked request by request", async () => {
    const port = await httpServer((request, response) => response.end(`${request.headers.host}${request.url}`));
    const { open } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const host = `good.test:${port}`;
    const first = await open({ via: "connect", host: "good.test", port });
    if (first.client === undefined) throw new Error("refused");
    expect(await ask(first.client, { path: "/a", headers: { host } })).toMatchObject({
      status: 200,
      body: `${host}/a`,
    });
    const second = await open({ via: "transparent", host: "good.test", port });
    if (second.client === undefined) throw new Error("refused");
    expect(await ask(second.client, { path: "/a", headers: { host: "evil.test" } })).toMatchObject({ status: 421 });
  });

  it("keeps to methods and paths", async () => {
    let asked = 0;
    const port = await httpServer((_request, response) => {
      asked += 1;
      response.end();
    });
    const { open } = await gateFor({
      network: {
        allow: [
          { host: "good.test", ports: port, protocol: "http", methods: ["GET"], paths: ["/simple/"], private: true },
        ],
      },
    });
    const status = async (method: string, path: string) => {
      const { client } = await open({ via: "connect", host: "good.test", port });
      if (client === undefined) throw new Error("refused");
      return (await ask(client, { method, path, headers: { host: `good.test:${port}`, connection: "close" } })).status;
    };
    expect(await status("GET", "/simple/x")).toBe(200);
    for (const [method, path] of [
      ["POST", "/simple/x"],
      ["GET", "/other"],
      ["GET", "/simple/../other"],
      ["GET", "/simple/%2e%2e/other"],
    ] as const) {
      expect(await status(method, path)).toBe(403);
    }
    expect(asked).toBe(1);
  });
});

describe("addresses", () => {
  it.each([
    ["loopback", "127.0.0.1"],
    ["private", "10.1.2.3"],
    ["metadata", "169.254.169.254"],
    ["mapped", "::ffff:169.254.169.254"],
    ["NAT64", "64:ff9b::a9fe:a9fe"],
    ["one of two", "1.1.1.1,127.0.0.1"],
  ])("that are not public are refused (%s)", async (_what, found) => {
    const { gate, events } = await gateFor(
      { network: { allow: ["good.test"] } },
      { resolver: async () => found.split(",") },
    );
    expect(await gate.decide({ via: "connect", host: "good.test", port: 443 })).toMatchObject({
      allowed: false,
      reason: expect.stringContaining("not public"),
    });
    expect(events).toHaveLength(1);
  });

  it("that are public are what is connected to", async () => {
    const { gate } = await gateFor(
      { network: { allow: ["good.test"] } },
      { resolver: async () => ["1.1.1.1", "2606:4700::1111"] },
    );
    expect(await gate.decide({ via: "connect", host: "good.test", port: 443 })).toMatchObject({
      allowed: true,
      addresses: ["1.1.1.1", "2606:4700::1111"],
    });
  });

  it("are refused where a rule denies the range, whichever name resolved to them", async () => {
    const { gate } = await gateFor(
      { network: { allow: ["good.test"], deny: ["1.1.0.0/16"] } },
      { resolver: async () => ["1.1.1.1"] },
    );
    expect(await gate.decide({ via: "connect", host: "good.test", port: 443 })).toMatchObject({
      allowed: false,
      rule: "1.1.0.0/16",
    });
  });

  it.each([
    ["of the whole internet", { allow: ["0.0.0.0/0", "::/0"] }],
    ["of `network: full`", "full"],
  ] as const)("%s do not include private ones", async (_what, network) => {
    const { gate } = await gateFor({ network: typeof network === "string" ? network : { allow: [...network.allow] } });
    for (const host of ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "::ffff:127.0.0.1"]) {
      expect(await gate.decide({ via: "connect", host, port: 443 })).toMatchObject({ allowed: false });
    }
    expect(await gate.decide({ via: "connect", host: "1.1.1.1", port: 443 })).toMatchObject({ allowed: true });
  });
});

describe("the hook", () => {
  it("may allow what no rule does, refuse what one does, and not what is denied", async () => {
    const said: Record<string, "allow" | "deny"> = { "a.test": "allow", "b.test": "deny", "c.test": "allow" };
    const { gate } = await gateFor(
      { network: { allow: ["b.test", "d.test"], deny: ["c.test"] } },
      { resolver: async () => ["1.1.1.1"], onEgress: ({ name }) => said[name] },
    );
    const allowed = async (host: string) => (await gate.decide({ via: "socks", host, port: 443 })).allowed;
    expect(await Promise.all(["a.test", "b.test", "c.test", "d.test", "e.test"].map(allowed))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe("a change of rules", () => {
  it("is held to what rules may be from the start", async () => {
    const { gate } = await gateFor({ network: { allow: ["good.test"] } }, { resolver: async () => ["1.1.1.1"] });
    const limits = { connections: 8, bytes: null, bytesPerSecond: null, idleMs: 1000 };
    const rule = readRule("*.com", "allow");
    if (typeof rule === "string") throw new Error(rule);
    expect(() => gate.change({ allow: [rule], deny: [], limits })).toThrow(/\*/);
    expect(await gate.decide({ via: "socks", host: "good.test", port: 443 })).toMatchObject({ allowed: true });
    expect(await gate.decide({ via: "socks", host: "evil.com", port: 443 })).toMatchObject({ allowed: false });
  });

  it("ends what is open and no longer allowed", async () => {
    const port = await echoServer();
    const { gate, open } = await gateFor({ network: { allow: [`tcp://127.0.0.1:${port}`] } });
    const { client, done } = await open({ via: "socks", host: "127.0.0.1", port });
    client?.write("x");
    if (client !== undefined) await once(client, "data");
    gate.change({ allow: [], deny: [], limits: { connections: 8, bytes: null, bytesPerSecond: null, idleMs: 1000 } });
    await done;
    expect(client?.destroyed).toBe(true);
    expect(await gate.decide({ via: "socks", host: "127.0.0.1", port })).toMatchObject({ allowed: false });
  });
});

import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Redactor } from "../../src/egress/secrets/redact.js";
import { readRule } from "../../src/policy/network/rule.js";
import { ask, closeServers, gateFor, httpServer, httpsServer, type TestGate, tlsClient } from "./world.js";

afterAll(closeServers);

const VALUE = "s3cr3t-Value/with+signs=1234";

/** Sends back all that it was sent, as some services do. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const all = JSON.stringify(request.headers);
  response.setHeader("x-echo", String(request.headers.authorization));
  // Cut in the middle of the value, wherever that is.
  for (const piece of all.match(/.{1,7}/gs) ?? []) response.write(piece);
  response.end();
}

async function withSecret(port: number, extra: readonly object[] = []): Promise<TestGate> {
  return await gateFor({
    network: { allow: [{ host: "api.test", ports: [port], private: true }, ...(extra as never[])] },
    secrets: { API_KEY: { hosts: [`api.test:${port}`], value: VALUE } },
  });
}

async function send(world: TestGate, host: string, port: number, authorization: string) {
  const { client } = await world.open({ via: "connect", host, port });
  if (client === undefined) throw new Error("refused");
  const secure = await tlsClient(client, host, world.bundle?.content ?? "");
  return await ask(secure, { path: "/x?y", headers: { host: `${host}:${port}`, authorization, range: "bytes=0-3" } });
}

describe("a secret", () => {
  it("is put in the place of its placeholder, and covered where it comes back", async () => {
    let got: IncomingMessage["headers"] = {};
    const port = await httpsServer("api.test", (request, response) => {
      got = request.headers;
      echo(request, response);
    });
    const world = await withSecret(port);
    const placeholder = world.env["API_KEY"] ?? "";
    expect(placeholder).toMatch(/^bulkhead-[0-9a-f]{32}$/);
    const answer = await send(world, "api.test", port, `Bearer ${placeholder}`);
    expect(got).toMatchObject({ authorization: `Bearer ${VALUE}`, "accept-encoding": "identity" });
    expect(got["range"]).toBeUndefined();
    expect(answer.body).toContain("Bearer ****");
    expect(JSON.stringify(answer)).not.toContain(VALUE);
  });

  it("is found in Basic credentials, which are covered too", async () => {
    let got = "";
    const port = await httpsServer("api.test", (request, response) => {
      got = String(request.headers.authorization);
      echo(request, response);
    });
    const world = await withSecret(port);
    const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString("base64")}`;
    const answer = await send(world, "api.test", port, basic(world.env["API_KEY"] ?? ""));
    expect(got).toBe(basic(VALUE));
    expect(JSON.stringify(answer)).not.toContain(basic(VALUE).slice(6));
  });

  it("never goes to another host, over HTTP, or into a log", async () => {
    let got = "";
    const keep = (request: IncomingMessage, response: ServerResponse) => {
      got = String(request.headers.authorization);
      response.end();
    };
    const port = await httpsServer("api.test", keep);
    const plain = await httpServer(keep);
    const world = await withSecret(port, [{ host: "other.test", ports: [plain], private: true }]);
    const placeholder = world.env["API_KEY"] ?? "";
    const other = await world.open({ via: "connect", host: "other.test", port: plain });
    if (other.client === undefined) throw new Error("refused");
    await ask(other.client, {
      headers: { host: `other.test:${plain}`, authorization: placeholder, connection: "close" },
    });
    expect(got).toBe(placeholder);
    await other.done;
    expect(world.events.at(-1)).toMatchObject({
      verdict: "allow",
      reason: expect.stringContaining("API_KEY"),
      secrets: [],
    });
    await send(world, "api.test", port, placeholder);
    expect(got).toBe(VALUE);
    expect(JSON.stringify(world.events)).not.toContain(VALUE);
  });

  it("is not sent when the host's certificate is not its own", async () => {
    let asked = 0;
    const port = await httpsServer("impostor.test", (_request, response) => {
      asked += 1;
      response.end();
    });
    const world = await withSecret(port);
    await expect(send(world, "api.test", port, world.env["API_KEY"] ?? "")).rejects.toThrow();
    expect(asked).toBe(0);
  });

  it("that is unavailable lets nothing start, and does not appear in the error", async () => {
    const policy = { network: { allow: ["api.test"] }, secrets: { K: { hosts: ["api.test"], value: "short" } } };
    await expect(gateFor(policy)).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
    await expect(gateFor(policy)).rejects.not.toThrow(/short/);
  });
});

describe("a placeholder", () => {
  it.each([
    ["a query", (name: string) => ({ path: `/x?key=${name}` })],
    ["a path", (name: string) => ({ path: `/${name}` })],
    ["a header's name", (name: string) => ({ headers: { [name]: "x" } })],
    ["two headers, cut in two", (name: string) => ({ headers: { a: name.slice(0, 20), b: name.slice(20) } })],
    ["base64 that is not Basic", (name: string) => ({ headers: { a: Buffer.from(name).toString("base64") } })],
  ])("in %s stays what it is", async (_what, options) => {
    const seen: string[] = [];
    const port = await httpsServer("api.test", (request, response) => {
      seen.push(`${request.url} ${request.rawHeaders.join(" ")}`);
      response.end();
    });
    const world = await withSecret(port);
    const { client } = await world.open({ via: "connect", host: "api.test", port });
    if (client === undefined) throw new Error("refused");
    const secure = await tlsClient(client, "api.test", world.bundle?.content ?? "");
    const { headers, ...rest } = { headers: {}, ...options(world.env["API_KEY"] ?? "") };
    await ask(secure, { ...rest, headers: { host: `api.test:${port}`, ...headers } });
    expect(seen).toHaveLength(1);
    expect(seen.join()).not.toContain(VALUE);
  });

  it("goes to its own host over TLS or not at all", async () => {
    let asked = 0;
    const port = await httpServer((_request, response) => {
      asked += 1;
      response.end();
    });
    const world = await gateFor({
      network: { allow: [{ host: "api.test", ports: port, private: true }] },
      secrets: { API_KEY: { hosts: [`api.test:${port}`], value: VALUE } },
    });
    const { client, done } = await world.open({ via: "connect", host: "api.test", port });
    if (client === undefined) throw new Error("refused");
    const headers = { host: `api.test:${port}`, authorization: world.env["API_KEY"] ?? "", connection: "close" };
    expect((await ask(client, { headers })).status).toBe(403);
    await done;
    expect(asked).toBe(0);
    expect(world.events).toMatchObject([{ verdict: "deny", reason: expect.stringContaining("over TLS only") }]);
  });
});

describe("an answer", () => {
  it.each([
    ["compressed", { "content-encoding": "gzip" }],
    ["compressed on its way", { "transfer-encoding": "gzip, chunked" }],
    ["compressed in two ways", { "content-encoding": "identity, br" }],
  ])("that is %s is refused, since a secret in it could not be found", async (_what, headers) => {
    const port = await httpsServer("api.test", (request, response) => {
      response.writeHead(200, headers);
      response.end(gzipSync(String(request.headers.authorization)));
    });
    const world = await withSecret(port);
    const answer = await send(world, "api.test", port, world.env["API_KEY"] ?? "");
    expect(answer.status).toBe(502);
  });

  it("is covered in names and values of headers, and in chunks of any size", async () => {
    const port = await httpsServer("api.test", (request, response) => {
      const said = String(request.headers.authorization);
      response.setHeader("location", `https://other.test/?${said}`);
      response.setHeader(`x-${Buffer.from(said).toString("hex")}`, "1");
      for (const letter of `${said}&${encodeURIComponent(said)}`) response.write(letter);
      response.end();
    });
    const world = await withSecret(port);
    const answer = await send(world, "api.test", port, world.env["API_KEY"] ?? "");
    const text = JSON.stringify(answer);
    for (const form of [VALUE, encodeURIComponent(VALUE), Buffer.from(VALUE).toString("hex")])
      expect(text).not.toContain(form);
    expect(answer.headers.location).toMatch(/^https:\/\/other\.test\/\?\*+$/);
  });
});

describe("a change of rules", () => {
  it("that needs requests to be seen lets nothing through where there is no authority for that", async () => {
    const port = await httpsServer("api.test", (_request, response) => response.end());
    const { gate } = await gateFor({ network: { allow: [{ host: "api.test", ports: port, private: true }] } });
    const rule = readRule({ host: "api.test", ports: port, private: true, intercept: true }, "allow");
    if (typeof rule === "string") throw new Error(rule);
    const limits = { connections: 8, bytes: null, bytesPerSecond: null, idleMs: 1_000 };
    gate.change({ allow: [rule], deny: [], limits });
    expect(await gate.decide({ via: "connect", host: "api.test", port })).toMatchObject({
      allowed: false,
      reason: expect.stringContaining("without an authority"),
    });
  });
});

describe("covering", () => {
  it("finds a value however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
        fc.string(),
        async (cuts, around) => {
          const text = `${around}${VALUE}${around}${VALUE.slice(0, 9)}${VALUE}`;
          const stream = new Redactor([VALUE]).stream();
          let rest = Buffer.from(text);
          const input = Buffer.from(text);
          for (const cut of cuts) {
            stream.write(rest.subarray(0, cut));
            rest = rest.subarray(cut);
          }
          stream.end(rest);
          const chunks: Buffer[] = [];
          for await (const chunk of stream) chunks.push(chunk as Buffer);
          const output = Buffer.concat(chunks);
          expect(output.length).toBe(input.length);
          expect(output.toString()).toBe(text.replaceAll(VALUE, "*".repeat(VALUE.length)));
        },
      ),
    );
  });
});

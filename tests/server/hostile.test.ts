import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "./support/server.js";

let server: TestServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ server, close } = await startServer("hostile"));
});

afterAll(async () => await close());

/** Sends these bytes, and returns all that comes until the server closes the connection. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.setEncoding("utf8");
  let answer = "";
  socket.on("data", (text: string) => {
    answer += text;
  });
  socket.write(bytes);
  await new Promise((resolve, reject) => socket.once("close", resolve).once("error", reject));
  return answer;
}

function request(head: readonly string[], body = ""): string {
  return `${head.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`;
}

const auth = () => `Authorization: Bearer ${server.token}`;

describe("a request", () => {
  it.each(["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.1@evil.example", ""])(
    "under the host %j is refused: a web page may have rebound its name",
    async (host) => {
      const answer = await raw(request(["GET /v1/me HTTP/1.1", `Host: ${host}`, auth()]));
      expect(answer).toMatch(/^HTTP\/1\.1 4(?:00|21) /);
      expect(answer).not.toContain("prj_");
    },
  );

  it("from a web page is refused, with a token too", async () => {
    const reply = await server.send("GET", "/v1/me", { headers: { origin: "http://evil.example" } });
    expect([reply.status, reply.json.code]).toEqual([421, "SERVER_HOST_REFUSED"]);
    const preflight = await server.send("OPTIONS", "/v1/run", { token: null, headers: { origin: "http://a.example" } });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  });

  it.each([
    ["a second length", ["Content-Length: 5", "Content-Length: 6"]],
    ["a length beside chunks", ["Content-Length: 5", "Transfer-Encoding: chunked"]],
    ["a hidden encoding", ["Transfer-Encoding: xchunked"]],
  ])("with %s is refused, so that no proxy reads it otherwise", async (_, headers) => {
    const head = ["POST /v1/run HTTP/1.1", "Host: localhost", auth(), "Content-Type: application/json", ...headers];
    expect(await raw(request(head, "0\r\n\r\nGET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n"))).toMatch(
      /^HTTP\/1\.1 4/,
    );
  });

  it("with headers beyond the limit is refused", async () => {
    const answer = await raw(request(["GET /v1/me HTTP/1.1", "Host: localhost", `X-Big: ${"x".repeat(20_000)}`]));
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("with a body beyond the limit is refused", async () => {
    const reply = await server.send("POST", "/v1/run", { json: { argv: ["x".repeat(3_000_000)] } });
    expect([reply.status, reply.json.code]).toEqual([400, "API_REQUEST_INVALID"]);
  });

  it("without a token is refused before its body is read", async () => {
    const head = [
      "POST /v1/run HTTP/1.1",
      "Host: localhost",
      "Content-Type: application/json",
      "Content-Length: 99999",
    ];
    expect(await raw(request(head))).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("for no route is refused before its body is read", async () => {
    const body = ["Content-Type: application/json", "Content-Length: 99999"];
    const head = ["POST /v1/none HTTP/1.1", "Host: localhost", ...body];
    expect(await raw(request(head))).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("with HEAD is refused: the server would read a whole file and send nothing", async () => {
    expect(await raw(request(["HEAD /v1/me HTTP/1.1", "Host: localhost", auth()]))).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("with a hundred thousand problems gets a short answer", async () => {
    const policy = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]));
    const { status, text } = await server.send("POST", "/v1/run", { json: { argv: ["id"], policy } });
    expect([status, text.length < 20_000]).toEqual([403, true]);
  });

  it.each([
    ["no object", "[1]"],
    ["no JSON", "{"],
    ["an unknown field", '{"argv":["id"],"extra":1}'],
    ["a prototype", '{"argv":["id"],"__proto__":{"x":1}}'],
    ["a prototype in the policy", '{"argv":["id"],"policy":{"__proto__":{"level":"chroot"}}}'],
    ["a constructor in the policy", '{"argv":["id"],"policy":{"constructor":{"prototype":{}}}}'],
    ["a NUL in an argument", '{"argv":["a\\u0000b"]}'],
    ["a number as argument", '{"argv":[1]}'],
    ["both policy and template", '{"argv":["id"],"policy":{},"template":"x"}'],
    ["a template that is a path", '{"argv":["id"],"template":"../x"}'],
    ["a policy that is text", '{"argv":["id"],"policy":"{}"}'],
    ["a variable without a name", '{"argv":["id"],"env":{"":"x"}}'],
    ["a working directory that is relative", '{"argv":["id"],"cwd":"work"}'],
  ])("with %s is refused as the client's fault", async (_, body) => {
    const headers = { "content-type": "application/json" };
    const reply = await server.send("POST", "/v1/run", { bytes: body, headers });
    expect([reply.status >= 400 && reply.status < 500, reply.json.code]).toEqual([
      true,
      expect.stringMatching(/^(?:API_REQUEST_INVALID|FLOOR_VIOLATED|POLICY_INVALID|ARGUMENT_INVALID)$/),
    ]);
  });

  it.each([
    "/v1/sandboxes/..%2f..%2fme",
    "/v1/sandboxes/sbx_%00",
    `/v1/sandboxes/${"a".repeat(500)}`,
    "/v1/sandboxes/%E0%A4%A",
    "/v1/sandboxes/'%20OR%201=1--",
    "/v1/sandboxes?after=AAAA",
    "/v1/sandboxes?limit=1e9",
    "/v1/sandboxes?limit=50&limit=60",
    "/v1/sandboxes?state[]=x",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//evil.example/v1/me",
  ])("for %s is refused as the client's fault", async (path) => {
    const answer = await raw(request([`GET ${path} HTTP/1.1`, "Host: localhost", auth()]));
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  });
});

describe("paths of files", () => {
  it("are those of the sandbox, whatever they say", async () => {
    const { json } = await server.send("POST", "/v1/sandboxes", { json: {} });
    const links = { argv: ["sh", "-c", "ln -s /proc/1/root/etc/shadow /work/l; ln -s / /work/r"] };
    await server.send("POST", `/v1/sandboxes/${json.id}/executions`, { json: links });
    const escapes = [
      "/../../../etc/shadow",
      "/work/l",
      "/work/r/etc/shadow",
      "/proc/1/root/etc/shadow",
      "/proc/self/mem",
    ];
    for (const path of escapes) {
      const at = `/v1/sandboxes/${json.id}/files?path=${encodeURIComponent(path)}`;
      const reply = await server.send("GET", at);
      expect([path, reply.text.includes("root:")]).toEqual([path, false]);
      expect([path, reply.status]).not.toEqual([path, 500]);
    }
    for (const path of ["relative", "", "/nul%00"]) {
      expect((await server.send("GET", `/v1/sandboxes/${json.id}/files?path=${path}`)).status).toBe(400);
    }
    await server.send("DELETE", `/v1/sandboxes/${json.id}`);
  });
});

describe("the log", () => {
  it("holds no token, no argument, no variable and no path of a request", async () => {
    const [argument, variable, path] = ["argument-4711", "variable-4712", "path-4713"];
    await server.send("POST", "/v1/run", { json: { argv: ["echo", argument], env: { SECRET: variable } } });
    await server.send("GET", `/v1/sandboxes/sbx_${"0".repeat(24)}/files?path=/${path}`);
    await server.send("GET", `/v1/${path}?token=${server.token}`);
    await expect.poll(() => server.log.match(/"route":"\/v1\/run"/g)?.length ?? 0).toBeGreaterThan(0);
    for (const secret of [server.token.slice(-64), argument, variable, path]) expect(server.log).not.toContain(secret);
  });
});

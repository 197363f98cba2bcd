import { describe, expect, it } from "vitest";
import { HttpProxy } from "../../../src/egress/inside/http-proxy.js";
import { absoluteTarget, authorityTarget } from "../../../src/egress/inside/http-target.js";
import { EchoGate, exchange } from "./support.js";

async function proxied(...pieces: readonly string[]): Promise<{ said: string; gate: EchoGate }> {
  const gate = new EchoGate();
  const proxy = new HttpProxy(gate);
  return { said: await exchange((client) => proxy.serve(client), ...pieces), gate };
}

describe("HTTP proxy inside", () => {
  it("tunnels what follows a CONNECT, also what came with it", async () => {
    const { said, gate } = await proxied(
      "CONNECT allowed.example:443 HTTP/1.1\r\nHost: allowed.example:443\r\n\r\nearly",
      " and late",
    );
    expect(gate.asked).toEqual([{ via: "connect", host: "allowed.example", port: 443 }]);
    expect(said).toMatch(/^HTTP\/1\.1 200 [^\n]*\r\n\r\nearly and late$/);
  });

  it("answers requests in absolute form, one after another", async () => {
    const get = (path: string) => `GET http://allowed.example${path} HTTP/1.1\r\nHost: allowed.example\r\n\r\n`;
    const { said, gate } = await proxied(get("/a?b"), get(":8080"));
    expect(gate.asked).toMatchObject([
      { via: "http", host: "allowed.example", port: 80, method: "GET", path: "/a?b" },
      { port: 8080, path: "/" },
    ]);
    expect(said).toMatch(/GET allowed.example\/a\?b\n[\s\S]*GET allowed.example\/\n/);
  });

  it("says why a host is denied", async () => {
    const { said } = await proxied("CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n");
    expect(said).toMatch(/^HTTP\/1\.1 403 [\s\S]*\r\n\r\nbulkhead: no rule allows it\n$/);
    expect((await proxied("GET http://other.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n")).said).toMatch(
      /^HTTP\/1\.1 403 /,
    );
  });

  it.each([
    ["a request to the proxy itself", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["ftp:// in absolute form", "GET ftp://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n", 501],
    ["ws:// in absolute form", "GET ws://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n", 501],
    ["a URL without a host", "GET https:///x HTTP/1.1\r\nHost: allowed.example\r\n\r\n", 400],
    ["a URL with a port that is none", "GET https://allowed.example:0/ HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["a method that nobody knows", "BREW http://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n", 400],
    ["a user in the URL", "GET http://a@allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n", 400],
    ["CONNECT without a port", "CONNECT allowed.example HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["CONNECT to a URL", "CONNECT http://allowed.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["no Host", "GET http://allowed.example/ HTTP/1.1\r\n\r\n", 400],
    [
      "both lengths",
      "POST http://allowed.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    [
      "two lengths",
      "POST http://allowed.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
      400,
    ],
    ["a space before the colon", "GET http://allowed.example/ HTTP/1.1\r\nHost : a\r\n\r\n", 400],
    ["a folded header", "GET http://allowed.example/ HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400],
    ["a giant CONNECT", `CONNECT ${"a".repeat(100_000)}:443 HTTP/1.1\r\n\r\n`, 431],
    ["a flood of headers", `GET http://allowed.example/ HTTP/1.1\r\n${"a: b\r\n".repeat(10_000)}`, 431],
  ])("refuses %s without asking the gate, and tells the log", async (_what, text, status) => {
    const { said, gate } = await proxied(text);
    expect(gate.asked).toEqual([]);
    expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(gate.refusals).toHaveLength(1);
  });

  it("takes an https:// URL in absolute form as one that TLS is spoken to for the client", async () => {
    const { said, gate } = await proxied("GET https://allowed.example/a HTTP/1.1\r\nHost: allowed.example\r\n\r\n");
    expect(gate.asked).toEqual([{ via: "https", host: "allowed.example", port: 443, method: "GET", path: "/a" }]);
    expect(said).toContain("GET allowed.example/a\n");
    expect(gate.refusals).toEqual([]);
  });
});

describe("targets", () => {
  it("are hosts and ports, and nothing that could be read in two ways", () => {
    expect(authorityTarget("[2001:db8::1]:443")).toEqual({ host: "2001:db8::1", port: 443 });
    for (const text of [
      "a",
      "a:",
      "a:0",
      "a:65536",
      "a:1:2",
      "a b?:1/",
      "user@a:443",
      "a/b:443",
      ":443",
      "[]:443",
      "a:443#",
      "a:+1",
    ]) {
      expect(authorityTarget(text), text).toBeUndefined();
    }
    expect(absoluteTarget("http://[::1]/x")).toEqual({ scheme: "http", host: "::1", port: 80, path: "/x" });
    expect(absoluteTarget("HTTPS://a?q")).toEqual({ scheme: "https", host: "a", port: 443, path: "/?q" });
    for (const text of ["http://a#b", "http://a\\b/", "http:///x", "ftp://a/", "//a/", "http://a:b/"]) {
      expect(absoluteTarget(text), text).toBeUndefined();
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { normalHost } from "../../src/policy/network/host.js";
import { readRule } from "../../src/policy/network/rule.js";
import { parsePolicy } from "../../src/policy/parse.js";

function detailOf(policy: unknown): string | undefined {
  try {
    parsePolicy(policy, { directory: "/home/me" });
  } catch (error) {
    if (error instanceof BulkheadError) return error.detail;
    throw error;
  }
  return undefined;
}

describe("the normal form of a host", () => {
  it.each([
    ["example.org", "example.org"],
    ["EXAMPLE.org.", "example.org"],
    ["example。org", "example.org"],
    ["münchen.de", "xn--mnchen-3ya.de"],
    ["MÜNCHEN.DE", "xn--mnchen-3ya.de"],
    // Looks like example.com, and is another name.
    ["exаmple.com", "xn--exmple-4nf.com"],
    ["_dmarc.example.org", "_dmarc.example.org"],
    ["localhost", "localhost"],
  ])("of %j is the name %j", (text, name) => {
    expect(normalHost(text)).toEqual({ kind: "name", name });
  });

  it.each(["127.0.0.1", "::1", "2001:db8::1", "::ffff:127.0.0.1"])("of %j is that address", (text) => {
    expect(normalHost(text)).toEqual({ kind: "address", address: text });
  });

  it.each([
    "",
    ".",
    "..",
    "a..b",
    "0177.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "127.1",
    "127.0.0.1.",
    "0127.0.0.1",
    "１２７.０.０.１",
    "127。0。0。1",
    "０ｘ7f.1",
    "1.2.3.4.5",
    "a.0x1",
    "fe80::1%eth0",
    "[::1]",
    "::1::",
    "example.org\0.evil.test",
    "example.org\n",
    " example.org",
    "exam%70le.org",
    "a@b",
    "a/b",
    "a:80",
    "xn--a",
    "-a.example.org",
    `${"a".repeat(64)}.example.org`,
    `${"a.".repeat(127)}aa`,
  ])("of %j is none", (text) => {
    expect(normalHost(text).kind).toBe("invalid");
  });

  it("is its own normal form, with only the characters of names and addresses", () => {
    const texts = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.domain(), fc.ipV4Extended(), fc.ipV6());
    fc.assert(
      fc.property(texts, (text) => {
        const host = normalHost(text);
        if (host.kind === "invalid") return;
        const written = host.kind === "name" ? host.name : host.address;
        expect(written).toMatch(/^[a-z0-9._:-]{1,253}$/i);
        expect(normalHost(written)).toEqual(host);
      }),
    );
  });
});

describe("a rule", () => {
  it.each([
    [
      "example.org",
      {
        host: { kind: "name", name: "example.org" },
        ports: [
          { from: 80, to: 80 },
          { from: 443, to: 443 },
        ],
        protocol: null,
      },
    ],
    ["Example.org:8080", { host: { kind: "name", name: "example.org" }, ports: [{ from: 8080, to: 8080 }] }],
    ["*.example.org:443", { host: { kind: "below", name: "example.org" } }],
    ["example.org:8000-8100", { ports: [{ from: 8000, to: 8100 }] }],
    ["https://example.org", { ports: [{ from: 443, to: 443 }], protocol: "https", paths: null }],
    ["http://example.org/simple/", { ports: [{ from: 80, to: 80 }], protocol: "http", paths: ["/simple/"] }],
    ["tcp://example.org:22", { ports: [{ from: 22, to: 22 }], protocol: "tcp" }],
    ["10.0.0.0/8:5432", { host: { kind: "range", network: "10.0.0.0", prefix: 8 }, ports: [{ from: 5432, to: 5432 }] }],
    ["192.0.2.1", { host: { kind: "range", network: "192.0.2.1", prefix: 32 } }],
    ["[2001:db8::1]:443", { host: { kind: "range", network: "2001:db8::1", prefix: 128 } }],
    ["2001:db8::/32", { host: { kind: "range", network: "2001:db8::", prefix: 32 } }],
    [
      "[2001:db8::]/32:443",
      { host: { kind: "range", network: "2001:db8::", prefix: 32 }, ports: [{ from: 443, to: 443 }] },
    ],
    ["*", { host: { kind: "any" } }],
  ])("%j is read", (text, expected) => {
    expect(readRule(text, "allow")).toMatchObject({ text, ...expected });
  });

  it.each([
    "example.org:0",
    "example.org:65536",
    "example.org:90-80",
    "example.org:",
    "ftp://example.org",
    "tcp://example.org",
    "example.org/path",
    "https://u:p@example.org",
    "https://example.org/a/../b",
    "https://example.org/a?b",
    "10.0.0.0/33",
    "::/129",
    "0x7f.1:80",
    "a.*.example.org",
    "*example.org",
    "exa mple.org",
  ])("%j is refused", (text) => {
    expect(readRule(text, "allow")).toEqual(expect.any(String));
  });

  it("that denies and names no port means all of them", () => {
    expect(readRule("example.org", "deny")).toMatchObject({ ports: [{ from: 1, to: 65_535 }] });
  });
});

describe("a policy with rules", () => {
  it("names each field that is wrong", () => {
    const detail = detailOf({
      network: { allow: ["example.org", "0x7f.1"], deny: [{ host: "a b" }] },
      secrets: { K: { hosts: ["other.test"], env: "K" }, L: { hosts: [], env: "L", value: "x" } },
    });
    expect(detail?.split("\n").map((line) => line.split(": ", 1)[0])).toEqual([
      "network.allow[1]",
      "network.deny[0]",
      "secrets.K.hosts[0]",
      "secrets.L",
    ]);
  });

  it("finds a secret's file beside the policy", () => {
    const { secrets } = parsePolicy(
      { network: { allow: ["*.example.org"] }, secrets: { K: { hosts: ["api.example.org"], file: "key" } } },
      { directory: "/home/me" },
    );
    expect(secrets).toMatchObject([
      { name: "K", source: { kind: "file", path: "/home/me/key" }, hosts: [{ port: 443 }] },
    ]);
  });

  it("has limits, also when it names none", () => {
    expect(parsePolicy({ network: { allow: ["a.test"], limits: { bandwidth: "1MiB" } } }).network).toMatchObject({
      kind: "rules",
      limits: { connections: 1024, bytesPerSecond: 1_048_576, bytes: null, idleMs: 300_000 },
    });
  });
});

import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Verdict } from "../../../src/egress/gate.js";
import { serveSocks } from "../../../src/egress/inside/socks.js";
import { duplexPair } from "../../support/duplex-pair.js";
import { EchoGate, exchange } from "./support.js";

const GREETING = Buffer.from([5, 1, 0]);

function request(host: string, port = 443, command = 1): Buffer {
  return Buffer.concat([
    Buffer.from([5, command, 0, 3, host.length]),
    Buffer.from(host),
    Buffer.from([port >> 8, port & 255]),
  ]);
}

async function socks(...pieces: readonly Buffer[]): Promise<{ said: string; gate: EchoGate }> {
  const gate = new EchoGate();
  return { said: await exchange((client) => serveSocks(gate, client), ...pieces), gate };
}

const DONE = "\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0";

describe("SOCKS5 inside", () => {
  it("leaves the name to the gate, and then moves bytes", async () => {
    const { said, gate } = await socks(GREETING, request("allowed.example"), Buffer.from("hello"));
    expect(gate.asked).toEqual([{ via: "socks", host: "allowed.example", port: 443 }]);
    expect(said).toBe(`${DONE}hello`);
  });

  it("takes all of it in one piece, and byte by byte", async () => {
    const all = Buffer.concat([GREETING, request("allowed.example"), Buffer.from("early")]);
    expect((await socks(all)).said).toBe(`${DONE}early`);
    expect((await socks(...Array.from(all, (byte) => Buffer.of(byte)))).said).toBe(`${DONE}early`);
  });

  it("passes addresses on as addresses", async () => {
    const v4 = Buffer.from([5, 1, 0, 1, 169, 254, 169, 254, 0, 80]);
    const v6 = Buffer.from([5, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1, 0, 80]);
    expect((await socks(GREETING, v4)).gate.asked).toMatchObject([{ host: "169.254.169.254", port: 80 }]);
    expect((await socks(GREETING, v6)).gate.asked).toMatchObject([{ host: "0:0:0:0:0:ffff:7f00:1", port: 80 }]);
  });

  it("says that a host is denied", async () => {
    expect((await socks(GREETING, request("other.example"))).said).toBe("\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0");
  });

  it.each([
    ["BIND", request("allowed.example", 443, 2)],
    ["UDP", request("allowed.example", 443, 3)],
    ["port 0", request("allowed.example", 0)],
    ["an empty name", request("")],
    ["another kind of address", Buffer.from([5, 1, 0, 9, 1, 2, 3])],
    ["a reserved byte that is set", Buffer.from([5, 1, 1, 1, 127, 0, 0, 1, 0, 80])],
    ["SOCKS4 after all", Buffer.from([4, 1, 0, 80, 127, 0, 0, 1, 0])],
  ])("refuses %s without asking the gate", async (_what, bytes) => {
    const { said, gate } = await socks(GREETING, bytes);
    expect(gate.asked).toEqual([]);
    expect(said.slice(2)).not.toMatch(/^\x05\x00/);
  });

  it("refuses a client that insists on a password", async () => {
    expect((await socks(Buffer.from([5, 1, 2]))).said).toBe("\x05\xff");
  });

  it("survives any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, greeted) => {
        const { gate } = await socks(...(greeted ? [GREETING] : []), Buffer.from(bytes));
        for (const { port } of gate.asked) expect(port).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });

  it("waits for the decision once it has read the request", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let answer: (verdict: Verdict) => void = () => undefined;
      const gate = new EchoGate();
      gate.decide = async () => await new Promise<Verdict>((resolve) => (answer = resolve));
      const [client, inside] = duplexPair();
      const served = serveSocks(gate, inside);
      client.write(Buffer.concat([GREETING, request("allowed.example")]));
      await once(client, "readable");
      await vi.advanceTimersByTimeAsync(55_000);
      expect(inside.destroyed).toBe(false);
      answer({ allowed: false, reason: "", rule: null });
      await served;
      expect((client.read() as Buffer).toString("latin1")).toBe("\x05\x00\x05\x02\0\x01\0\0\0\0\0\0");
    } finally {
      vi.useRealTimers();
    }
  });
});

import type { Duplex } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import type { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { GuestControl } from "../../src/guest/control.js";
import { duplexPair } from "../support/duplex-pair.js";

const STATS = {
  memoryBytes: 1,
  memoryPeakBytes: 2,
  cpuUs: 3,
  pids: 4,
  oomKills: 0,
  pidsExceeded: 0,
  diskFull: false,
};

function framed(text: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([head, Buffer.from(text)]);
}

describe("GuestControl", () => {
  let guest: Duplex;
  let control: GuestControl;
  let lost: Promise<BulkheadError>;
  let told: string[];
  let asked: Record<string, unknown>[];

  beforeEach(() => {
    const [host, inside] = duplexPair();
    guest = inside;
    [told, asked] = [[], []];
    lost = new Promise((resolve) => {
      control = new GuestControl(
        host,
        {
          ended: (code) => told.push(`ended ${code}`),
          failed: ({ code }) => told.push(`failed ${code}`),
          lost: resolve,
        },
        "booted",
      );
    });
    guest.on("data", (chunk: Buffer) => asked.push(JSON.parse(chunk.toString("utf8", 4))));
  });

  function answer(message: object): void {
    guest.write(framed(JSON.stringify(message)));
  }

  async function question(): Promise<Record<string, unknown>> {
    while (asked[0] === undefined) await new Promise(setImmediate);
    return asked[0];
  }

  it("asks, and reads the answer", async () => {
    const stats = control.stats();
    const { type, seq } = await question();
    expect(type).toBe("stats");
    answer({ type: "reply", seq, value: STATS });
    expect(await stats).toEqual(STATS);
  });

  it("wakes a copy with entropy that it never gave before", async () => {
    const first = control.awake("one");
    const message = await question();
    expect(message).toMatchObject({ type: "awake", hostname: "one" });
    expect(Buffer.from(String(message["entropy"]), "base64")).toHaveLength(64);
    expect(Math.abs(Number(message["clockUs"]) / 1000 - Date.now())).toBeLessThan(10_000);
    asked.length = 0;
    const second = control.awake("two");
    expect((await question())["entropy"]).not.toBe(message["entropy"]);
    for (const seq of [1, 2]) answer({ type: "reply", seq, value: {} });
    await Promise.all([first, second]);
  });

  it("reports the guest's failures", async () => {
    const quiet = control.quiesce();
    const { seq } = await question();
    answer({ type: "reply", seq, error: { code: "CGROUP_UNAVAILABLE", operation: "freeze" } });
    await expect(quiet).rejects.toMatchObject({ code: "CGROUP_UNAVAILABLE", operation: "freeze" });
  });

  it.each([
    ["not JSON", framed("{")],
    ["longer than it may be", Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ["of an unknown type", framed('{"type":"exec"}')],
    ["with a field too many", framed(`{"type":"ended","code":0,"stats":${JSON.stringify(STATS)},"more":1}`)],
    ["out of order", framed('{"type":"booted","evidence":{},"bootUs":1}')],
    ["an answer to nothing", framed('{"type":"reply","seq":9,"value":{}}')],
    ["an answer with two outcomes", framed('{"type":"reply","seq":1,"value":{},"error":{}}')],
    ["statistics of another shape", framed('{"type":"ended","code":0,"stats":{"memoryBytes":"much"}}')],
  ])("is done with a guest that says something %s", async (_name, bytes) => {
    const waiting = control.quiesce();
    waiting.catch(() => undefined);
    guest.write(bytes);
    expect((await lost).code).toBe("PROTOCOL_VIOLATION");
    await expect(waiting).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    await expect(control.stats()).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(told).toEqual([]);
  });

  it("tells of the end once, and nothing after it", async () => {
    answer({ type: "ended", code: 137, stats: STATS });
    answer({ type: "ended", code: 0, stats: STATS });
    while (told.length === 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(told).toEqual(["ended 137"]);
  });

  it("fails what is waited for when the machine is gone", async () => {
    const waiting = control.quiesce();
    guest.end();
    await expect(waiting).rejects.toMatchObject({ code: "GUEST_FAILED", detail: "connection lost" });
  });
});

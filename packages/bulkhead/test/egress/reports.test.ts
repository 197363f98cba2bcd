import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAsk, readBundle, readEnded, readEvent, readName } from "../../src/egress/client/event.js";
import type { EgressEvent } from "../../src/egress/log/event.js";
import { Reports } from "../../src/egress/process/reports.js";
import { Turns } from "../../src/egress/process/turns.js";

const event: EgressEvent = {
  time: "2026-11-30T12:00:00.000Z",
  id: 1,
  verdict: "allow",
  rule: "example.org",
  reason: null,
  name: "example.org",
  address: "192.0.2.1",
  port: 443,
  via: "connect",
  method: null,
  path: null,
  secrets: [],
  bytesIn: 0,
  bytesOut: 0,
  ms: 3,
};

describe("what a gate says", () => {
  it("is taken where it has its form", () => {
    expect(readEvent({ ...event })).toEqual(event);
    const ask = { via: "http", name: "a", port: 80, method: "GET", path: "/", rule: null };
    expect(readAsk({ ...ask })).toEqual(ask);
    expect(readName("example.org")).toBe("example.org");
    expect(readEnded({ violation: "kind" })).toEqual({ violation: "kind" });
    expect(readBundle({ bundle: "pem" }, 10)).toBe("pem");
  });

  it.each([
    ["id", 0],
    ["id", "1"],
    ["time", 5],
    ["verdict", "perhaps"],
    ["via", "carrier pigeon"],
    ["name", null],
    ["name", "x".repeat(70_000)],
    ["port", -1],
    ["port", 1.5],
    ["path", 7],
    ["rule", {}],
    ["secrets", "KEY"],
    ["secrets", [1]],
    ["secrets", Array(300).fill("KEY")],
    ["bytesIn", -1],
    ["ms", null],
    ["more", 1],
  ])("is refused where it has not: %s %j", (field, value) => {
    expect(() => readEvent({ ...event, [field]: value })).toThrow(expect.objectContaining({ code: "HELPER_FAILED" }));
  });

  it("never throws anything but a coded error, whatever it is", () => {
    const readers = [readEvent, readAsk, readName, readEnded, (value: unknown) => readBundle(value, 100)];
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const read of readers) {
          try {
            read(value);
          } catch (error) {
            expect(error).toMatchObject({ code: "HELPER_FAILED" });
          }
        }
      }),
    );
  });
});

describe("Reports", () => {
  it("tells in order, a bounded number at a time, and lets nothing be decided until the library keeps up", async () => {
    const sent: { readonly id: number; readonly done: () => void }[] = [];
    const reports = new Reports(({ id }) => new Promise<void>((done) => sent.push({ id, done })));
    for (let id = 1; id <= 1_000; id += 1) reports.tell({ ...event, id });
    expect(sent.length).toBe(128);
    let room = false;
    const waiting = reports.room().then(() => {
      room = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(room).toBe(false);
    for (let at = 0; at < 1_000; at += 1) {
      await Promise.resolve();
      sent[at]?.done();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waiting;
    await reports.told();
    expect(sent.map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  it("goes on when one cannot be told", async () => {
    const reports = new Reports(() => Promise.reject(new Error("gone")));
    reports.tell(event);
    await reports.told();
  });
});

describe("Turns", () => {
  it("lets so many run at once, and each in the end", async () => {
    const turns = new Turns(3);
    let [running, most] = [0, 0];
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => turns.take(work)));
    expect(most).toBe(3);
    await expect(turns.take(() => Promise.reject(new Error("x")))).rejects.toThrow("x");
    expect(await turns.take(async () => 7)).toBe(7);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Slots } from "../../src/concurrency/slots.js";
import { readAsk, readBundle, readEnded, readEvent, readEvents, readName } from "../../src/egress/client/event.js";
import type { EgressEvent } from "../../src/egress/log/event.js";
import { Reports } from "../../src/egress/process/reports.js";

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

  it("is refused if it is too long, or if one of many events is wrong", () => {
    expect(readEvents([event, event])).toHaveLength(2);
    for (const value of [Array(65).fill(event), [event, 1], event, null])
      expect(() => readEvents(value)).toThrow(expect.objectContaining({ code: "HELPER_FAILED" }));
  });

  it("throws only coded errors, for any input", () => {
    const readers = [readEvents, readEvent, readAsk, readName, readEnded, (value: unknown) => readBundle(value, 100)];
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
  it("sends events in order, a bounded number at a time, and delays decisions until the library keeps up", async () => {
    const sent: { readonly ids: readonly number[]; readonly done: () => void }[] = [];
    const reports = new Reports(
      (events) => new Promise<void>((done) => sent.push({ ids: events.map(({ id }) => id), done })),
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    for (let id = 1; id <= 2_000; id += 1) reports.tell({ ...event, id });
    await turn();
    expect(sent.map(({ ids }) => ids.length)).toEqual(Array(8).fill(64));
    let room = false;
    const waiting = reports.room().then(() => {
      room = true;
    });
    await turn();
    expect(room).toBe(false);
    for (let at = 0; at < sent.length; at += 1) {
      sent[at]?.done();
      await turn();
    }
    await waiting;
    await reports.told();
    expect(sent.flatMap(({ ids }) => ids)).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
  });

  it("reports a decision in the same tick, before data that is written after it", async () => {
    const order: string[] = [];
    const reports = new Reports(async () => order.push("told"));
    reports.tell(event);
    process.nextTick(() => order.push("answered"));
    await reports.told();
    expect(order).toEqual(["told", "answered"]);
  });

  it("continues after an event that it could not send", async () => {
    const reports = new Reports(() => Promise.reject(new Error("gone")));
    reports.tell(event);
    await reports.told();
  });
});

describe("Turns", () => {
  it("runs a limited number at once, and each of them eventually", async () => {
    const turns = new Slots(3);
    let [running, most] = [0, 0];
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => turns.use(work)));
    expect(most).toBe(3);
    await expect(turns.use(() => Promise.reject(new Error("x")))).rejects.toThrow("x");
    expect(await turns.use(async () => 7)).toBe(7);
  });
});

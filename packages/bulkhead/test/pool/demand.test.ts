import { expect, it } from "vitest";
import { Demand } from "../../src/pool/demand.js";

/** Arrivals every `gapMs`, starts that take `startMs`; the time of the last. */
function busy(demand: Demand, gapMs: number, startMs: number, count = 50): number {
  for (let index = 0; index < count; index += 1) {
    demand.arrived(index * gapMs);
    demand.started(startMs);
  }
  return (count - 1) * gapMs;
}

it("wants none before it knows how often one is asked for", () => {
  const demand = new Demand();
  expect(demand.wanted(0)).toBe(0);
  demand.arrived(0);
  demand.started(5);
  expect(demand.wanted(1)).toBe(0);
});

it("wants what arrives while one is made, and some more", () => {
  const demand = new Demand();
  const last = busy(demand, 10, 50);
  expect(demand.wanted(last)).toBeCloseTo(10, 1);
});

it("shrinks the longer no request comes, and grows with the next ones", () => {
  const demand = new Demand();
  const last = busy(demand, 10, 50);
  expect(demand.wanted(last + 1_000)).toBeCloseTo(0.1, 2);
  expect(demand.wanted(last + 20)).toBeCloseTo(5, 1);
});

it("is never beyond a number, however fast they arrive", () => {
  const demand = new Demand();
  busy(demand, 0, 50);
  expect(Number.isFinite(demand.wanted(0))).toBe(true);
});

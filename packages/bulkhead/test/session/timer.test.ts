import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { after, pause } from "../../src/session/timer.js";

const DAY_MS = 86_400_000;

describe("a timer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([1, 2 ** 31 - 1, 2 ** 31, 1000 * 3_600_000, 400 * DAY_MS])("waits for %d ms, and no less", async (ms) => {
    const action = vi.fn();
    after(ms, action);
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(action).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(action).toHaveBeenCalledOnce();
  });

  it("is stopped whichever part of it runs", async () => {
    const action = vi.fn();
    const timer = after(100 * DAY_MS, action);
    await vi.advanceTimersByTimeAsync(60 * DAY_MS);
    timer.stop();
    await vi.advanceTimersByTimeAsync(100 * DAY_MS);
    expect(action).not.toHaveBeenCalled();
  });

  it("of a fraction of a millisecond is not over at once", async () => {
    const action = vi.fn();
    after(0.2, action);
    await vi.advanceTimersByTimeAsync(0);
    expect(action).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(action).toHaveBeenCalledOnce();
  });
});

describe("a pause", () => {
  it("ends when its signal aborts, at once if it has", async () => {
    const aborter = new AbortController();
    const began = performance.now();
    const waiting = pause(60_000, aborter.signal);
    aborter.abort();
    await waiting;
    await pause(60_000, aborter.signal);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("lasts as long as it says", async () => {
    const began = performance.now();
    await pause(20, new AbortController().signal);
    expect(performance.now() - began).toBeGreaterThan(15);
  });
});

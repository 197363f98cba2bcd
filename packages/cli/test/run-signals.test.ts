import { EventEmitter } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { Signals } from "../src/run/signals.js";

describe("signals during a run", () => {
  it("end it while nothing runs yet", () => {
    const source = new EventEmitter();
    const signals = new Signals(source as unknown as NodeJS.Process);
    source.emit("SIGTERM");
    expect(signals.aborted).toBe("SIGTERM");
    expect(signals.abortSignal.aborted).toBe(true);
  });

  it("go to the workload once it runs", () => {
    const source = new EventEmitter();
    const kill = vi.fn();
    const signals = new Signals(source as unknown as NodeJS.Process);
    signals.forwardTo({ kill });
    source.emit("SIGTERM");
    source.emit("SIGINT");
    expect(kill.mock.calls).toEqual([["SIGTERM"], ["SIGINT"]]);
    expect(signals.abortSignal.aborted).toBe(false);
  });

  it("end it when the workload ignores Ctrl-C", () => {
    const source = new EventEmitter();
    const signals = new Signals(source as unknown as NodeJS.Process);
    signals.forwardTo({ kill: () => undefined });
    for (let press = 0; press < 3; press += 1) source.emit("SIGINT");
    expect(signals.aborted).toBe("SIGINT");
  });
});

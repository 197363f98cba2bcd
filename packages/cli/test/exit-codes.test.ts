import { describe, expect, it } from "vitest";
import { exitCodeOf } from "../src/exit-codes.js";

describe("exit codes", () => {
  it.each([
    [{ exitCode: 0, signal: null, timedOut: false }, 0],
    [{ exitCode: 42, signal: null, timedOut: false }, 42],
    [{ exitCode: 127, signal: null, timedOut: false }, 127],
    [{ exitCode: null, signal: "SIGSEGV", timedOut: false }, 139],
    [{ exitCode: null, signal: "SIGKILL", timedOut: false }, 137],
    [{ exitCode: null, signal: "SIGKILL", timedOut: true }, 124],
    [{ exitCode: null, signal: null, timedOut: false }, 125],
    [{ exitCode: 0, signal: null, timedOut: false, writeBack: null }, 0],
    [{ exitCode: 0, signal: null, timedOut: false, writeBack: {} }, 0],
    [{ exitCode: 0, signal: null, timedOut: false, writeBack: { error: "lost" } }, 125],
    [{ exitCode: 3, signal: null, timedOut: false, writeBack: { error: "lost" } }, 3],
  ])("%j ends with %d", (outcome, code) => {
    expect(exitCodeOf(outcome)).toBe(code);
  });
});

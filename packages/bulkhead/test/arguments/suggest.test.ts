import { describe, expect, it } from "vitest";
import { suggest } from "../../src/arguments/suggest.js";

describe("suggest", () => {
  const names = ["input", "stdin", "timeoutMs", "outputBytes", "signal"];

  it.each([
    ["inputt", "input"],
    ["Input", "input"],
    ["ipnut", "input"],
    ["timeoutMS", "timeoutMs"],
    ["timeoutMs ", "timeoutMs"],
    ["singal", "signal"],
  ])("%s: %s", (wrong, meant) => expect(suggest(wrong, names)).toBe(meant));

  it.each(["x", "", "banana", "constructor", "x".repeat(10_000)])("%s: nothing", (wrong) => {
    expect(suggest(wrong, names)).toBeUndefined();
  });
});

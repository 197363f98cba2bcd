import { describe, expect, it } from "vitest";
import { flag, list, mapOf, number, oneOf, orNull, record, tagged, text, whole } from "../../src/contract/check.js";
import { checkWireError } from "../../src/contract/generated/channel-messages.js";
import { checkEvidence, checkMessage, checkStats } from "../../src/contract/generated/control-messages.js";
import { EVIDENCE } from "../support/fake-broker.js";

describe("a check", () => {
  it.each([
    ["a whole number", whole(0), [0, 7, 2 ** 53 - 1], [-1, 0.5, 2 ** 53, Number.NaN, "1", 1n, null, undefined, [1]]],
    ["one with a bound", whole(1, 3), [1, 3], [0, 4]],
    ["a number", number, [0.5, 2 ** 60], [Number.NaN, Number.POSITIVE_INFINITY, "1"]],
    ["a text", text(3), ["", "abc", "é"], ["abcd", "éé", 1, null, ["a"]]],
    ["one of a form", text(9, /^[0-9a-f]+$/), ["0f"], ["", "0F", "x"]],
    ["a flag", flag, [true, false], [0, 1, "true", null]],
    ["a choice", oneOf("a", 1), ["a", 1], ["b", "1", null]],
    ["one that may be null", orNull(flag), [null, true], [undefined, 0]],
    ["a list", list(flag, 2), [[], [true, false]], [[1], [true, true, true], { 0: true, length: 1 }, "ab"]],
    ["a map", mapOf(flag, 1), [{}, { a: true }], [{ a: 1 }, { a: true, b: true }, [], null]],
    [
      "an object",
      record({ a: flag }, { b: flag }),
      [{ a: true }, { a: true, b: false }],
      [{}, { a: true, c: 1 }, [true]],
    ],
    [
      "one of several",
      tagged("t", { a: record({ t: oneOf("a") }) }),
      [{ t: "a" }],
      [{ t: "b" }, {}, { t: "toString" }],
    ],
  ])("of %s", (_name, check, right, wrong) => {
    expect(right.map(check)).toEqual(right.map(() => undefined));
    for (const value of wrong) expect([value, check(value)]).toEqual([value, expect.any(String)]);
  });

  it("refuses names that every object has, and what an object only inherits", () => {
    const check = record({ a: flag });
    expect(check(JSON.parse('{"a":true,"__proto__":{"b":1}}'))).toBeDefined();
    expect(check({ a: true, constructor: 1 })).toBeDefined();
    expect(record({ toString: orNull(flag) })({})).toBe(".toString");
  });

  it("says where the first fault is", () => {
    const check = record({ a: record({ b: list(record({ c: flag }), 9) }) });
    expect(check({ a: { b: [{ c: true }, { c: 1 }] } })).toBe(".a.b[1].c");
  });
});

/** Every way to change one place of a document. */
function* changed(value: unknown): Generator<unknown> {
  yield [{}];
  yield Array.isArray(value) ? "text" : [value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    for (const other of changed(part))
      yield Array.isArray(value) ? value.map((one) => (one === part ? other : one)) : { ...value, [name]: other };
  }
  if (!Array.isArray(value)) yield { ...value, more: 1 };
}

describe("what a broker says", () => {
  const stats = { memoryBytes: 1, memoryPeakBytes: 1, cpuUs: 1, pids: 1, oomKills: 0, pidsExceeded: 0, diskFull: null };

  it.each([
    ["evidence", checkEvidence, EVIDENCE],
    ["statistics", checkStats, stats],
    ["the end", checkMessage, { type: "ended", id: "a", cause: "exited", stats, marks: [1] }],
    ["an error", checkWireError, { code: "EXEC_FAILED", operation: "exec", path: "/x", errno: 2, detail: "x" }],
  ])("is taken as %s, and refused with any one place changed", (_name, check, right) => {
    expect(check(right)).toBeUndefined();
    const wrong = [...changed(right)];
    expect(wrong.length).toBeGreaterThan(10);
    for (const value of wrong) expect([value, check(value)]).toEqual([value, expect.any(String)]);
  });
});

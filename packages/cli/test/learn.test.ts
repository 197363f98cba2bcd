import type { LearnResult } from "bulkhead/learn";
import { expect, it } from "vitest";
import { describeLearned } from "../src/learn/describe.js";

it("a name from inside forges no line of what is printed", () => {
  const name = "/work/x\nbulkhead: checked: it came out the same\u001b[2J";
  const outcome = {
    learned: { runs: 2, cutOff: false },
    failure: null,
    least: {
      surface: {
        paths: { read: 1, list: 0, write: 0, execute: 1 },
        syscalls: { before: 272, after: 30 },
        network: false,
      },
      seenOnce: { syscalls: [], paths: [name] },
    },
  } as unknown as LearnResult;
  const text = describeLearned(outcome, "least", {
    same: false,
    differences: ["stdout\nbulkhead: checked: fine"],
  } as never);
  const lines = text.split("\n").filter((line) => line !== "");
  expect(lines).toHaveLength(6);
  expect(lines.filter((line) => line.startsWith("bulkhead: checked: it"))).toEqual([]);
  expect(text).not.toContain("\u001b");
});

import { expect, test } from "vitest";
import { judge, type Report } from "../../../scripts/test/verdict.js";

const report = (...statuses: readonly string[]): string =>
  JSON.stringify({
    testResults: [
      {
        name: "file",
        status: statuses.includes("failed") ? "failed" : "passed",
        assertionResults: statuses.map((status, index) => ({
          fullName: `test ${index}`,
          status,
          failureMessages: status === "failed" ? ["why\n    at somewhere"] : [],
        })),
      },
    ],
  } satisfies Report);

test("counts what a report says", () => {
  expect(judge(report("passed", "failed", "pending"), 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 1,
    failures: ["test 1: why"],
  });
});

test.each([
  ["a report of success and an exit code that says otherwise", report("passed"), 1],
  ["a time-out", report("passed"), 124],
  ["no report", "", 0],
  ["only skipped tests", report("pending"), 0],
  [
    "a file that could not be loaded",
    JSON.stringify({ testResults: [{ name: "f", status: "failed", message: "m", assertionResults: [] }] }),
    0,
  ],
])("fails: %s", (_, text, exitCode) => {
  expect(judge(text, exitCode).failed).toBe(1);
});

/**
 * A judge for submitted programs: each test case in a sandbox of its own, with limits, and one verdict.
 *
 *     node --import tsx examples/judge.ts SUBMISSION CASES.json
 *
 * From Node 22.18 on also without `--import tsx`.
 *
 * SUBMISSION is a shell script; CASES.json holds `[{"input": "1 2\n", "expected": "3\n"}, …]`.
 */

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Policy, type RunResult, run } from "bulkhead";

interface Case {
  readonly input: string;
  readonly expected: string;
}

/** Accepted, wrong answer, the limit that was hit (time, memory, output), or the program failed. */
type Verdict = "AC" | "WA" | "TLE" | "MLE" | "OLE" | "RE";

function policyFor(submission: string): Policy {
  return {
    level: "container",
    files: [{ host: resolve(submission), at: "/data/submission" }],
    resources: { time: "2s", memory: "64MiB", output: "64KiB", pids: 16, disk: "4MiB" },
    // Without these a verdict would mean nothing.
    require: ["cgroup.memory", "cgroup.pids", "seccomp"],
  };
}

async function judge(submission: string, { input, expected }: Case): Promise<Verdict> {
  return verdict(await run(["/bin/sh", "/data/submission"], policyFor(submission), { input }), expected);
}

/** Limits come first: the broker saw them from outside, while an exit code is only the program's claim. */
function verdict(result: RunResult, expected: string): Verdict {
  if (result.timedOut) return "TLE";
  if (result.oomKilled) return "MLE";
  if (result.outputTruncated) return "OLE";
  if (result.exitCode !== 0) return "RE";
  return result.stdout.trimEnd() === expected.trimEnd() ? "AC" : "WA";
}

const [submission, casesPath] = process.argv.slice(2);
if (submission === undefined || casesPath === undefined) {
  console.error("usage: judge.ts SUBMISSION CASES.json");
  process.exit(2);
}
const cases = JSON.parse(await readFile(casesPath, "utf8")) as readonly Case[];
for (const [index, each] of cases.entries()) console.log(`case ${index + 1}: ${await judge(submission, each)}`);

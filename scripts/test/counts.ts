/** From the output or report of a test runner to its counts. */

import { OUTSIDE } from "./outside-tests.js";
import { add, failure, nothing, ofReport, type Report, type Verdict } from "./verdict.js";

/**
 * Adds failures outside a test. A runner that failed without either (it did not compile, was killed) still counts as
 * one failure.
 */
export function withStatus(verdict: Verdict, output: string, succeeded: boolean): Verdict {
  const outside = output.split("\n").filter((line) => line.startsWith(OUTSIDE));
  const all = outside.map(failure).reduce(add, verdict);
  return succeeded || all.failed > 0 ? all : add(all, failure("the runner itself"));
}

/** A check has no tests of its own: it counts as one. */
export function ofCheck(): Verdict {
  return { ...nothing, passed: 1 };
}

/** Sums the `test result:` lines of `cargo test`, one per test program; stable cargo has no machine-readable form. */
export function ofCargo(output: string): Verdict {
  const line = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm;
  const failures = [...output.matchAll(/^test (\S+) \.\.\. FAILED$/gm)].map(([, name]) => name ?? "");
  return [...output.matchAll(line)].map(fromMatch).reduce(add, { ...nothing, failures });
}

/** The last `N passed, N failed[, N skipped]` line, and the `failed:` lines: what `npm run test:hosts` ends with. */
export function ofSummaryLine(output: string): Verdict {
  const found = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  const failures = [...output.matchAll(/^ {2}failed: (.*)$/gm)].map(([, text]) => text ?? "");
  return found === undefined ? nothing : { ...fromMatch(found), failures };
}

/** Vitest's JSON report. */
export function ofVitest(report: string): Verdict {
  return ofReport(JSON.parse(report) as Report);
}

function fromMatch([, passed, failed, skipped]: RegExpMatchArray): Verdict {
  return { ...nothing, passed: Number(passed), failed: Number(failed), skipped: Number(skipped ?? 0) };
}

/** The result of a test runner: a part of `npm test`, or a suite on another host. */
export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** One line each: the test, and the first line of the reason. */
  readonly failures: readonly string[];
}

export const nothing: Verdict = { passed: 0, failed: 0, skipped: 0, failures: [] };

export function failure(why: string): Verdict {
  return { ...nothing, failed: 1, failures: [why] };
}

export function add(a: Verdict, b: Verdict): Verdict {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

export function summary({ passed, failed, skipped }: Verdict): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The fields of vitest's JSON report that count; the smoke list writes the same form. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** Never better than the exit code: a suite that died, or ran no test at all, has failed. */
export function judge(text: string, exitCode: number): Verdict {
  const verdict = text === "" ? nothing : ofReport(JSON.parse(text) as Report);
  if (verdict.failed > 0) return verdict;
  if (exitCode !== 0) return add(verdict, failure(exitCode === 124 ? "timed out" : `the suite ended with ${exitCode}`));
  return verdict.passed > 0 ? verdict : add(verdict, failure("no test ran"));
}

/** One verdict for each test of a report; for a file that did not load, one failure. */
export function ofReport(report: Report): Verdict {
  let verdict = nothing;
  for (const file of report.testResults) {
    // A file that could not even be loaded has no tests, only a message.
    if (file.status === "failed" && file.assertionResults.length === 0)
      verdict = add(verdict, failure(`${file.name}: ${firstLine(file.message)}`));
    for (const { fullName, status, failureMessages } of file.assertionResults) {
      if (status === "passed") verdict = add(verdict, { ...nothing, passed: 1 });
      else if (status === "failed") verdict = add(verdict, failure(`${fullName}: ${firstLine(failureMessages?.[0])}`));
      else verdict = add(verdict, { ...nothing, skipped: 1 });
    }
  }
  return verdict;
}

function firstLine(text = ""): string {
  return text.split("\n", 1)[0] ?? "";
}

/** What a test runner did. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** A runner that failed without a failed test (it did not compile, crashed, was killed) still is one failure. */
export function withStatus(counts: Counts, succeeded: boolean): Counts {
  return succeeded || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

/** A check has no tests of its own: it is one. */
export function ofCheck(): Counts {
  return { passed: 1, failed: 0, skipped: 0 };
}

/** Sums the `test result:` lines of `cargo test`, one per test program; stable cargo has no machine-readable form. */
export function ofCargo(output: string): Counts {
  const line = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm;
  return [...output.matchAll(line)].map(fromMatch).reduce(add, none);
}

/** The last `N passed, N failed[, N skipped]` line: what `npm run test:hosts` ends with. */
export function ofSummaryLine(output: string): Counts {
  const found = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  return found === undefined ? none : fromMatch(found);
}

/** Vitest's JSON report. */
export function ofVitest(report: string): Counts {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(report) as Record<
    string,
    number
  >;
  return {
    passed: numPassedTests ?? 0,
    failed: numFailedTests ?? 0,
    skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0),
  };
}

function fromMatch([, passed, failed, skipped]: RegExpMatchArray): Counts {
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped ?? 0) };
}

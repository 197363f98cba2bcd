/** What a test runner did. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
export declare const none: Counts;
export declare function add(a: Counts, b: Counts): Counts;
/** A runner that failed without a failed test (it did not compile, crashed, was killed) still is one failure. */
export declare function withStatus(counts: Counts, succeeded: boolean): Counts;
/** A check has no tests of its own: it is one. */
export declare function ofCheck(): Counts;
/** Sums the `test result:` lines of `cargo test`, one per test program; stable cargo has no machine-readable form. */
export declare function ofCargo(output: string): Counts;
/** The last `N passed, N failed[, N skipped]` line: what `npm run test:hosts` ends with. */
export declare function ofSummaryLine(output: string): Counts;
/** Vitest's JSON report. */
export declare function ofVitest(report: string): Counts;

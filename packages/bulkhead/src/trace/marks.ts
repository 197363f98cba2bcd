/** The marks of one exec: the library's, then those that init reports, which are claims of the sandbox. */
export interface ExecMarks {
  readonly asked: number;
  /** When the library read the result. */
  readonly answered: number;
  readonly inside: readonly number[];
}

/** What a launch did when, in microseconds of CLOCK_MONOTONIC. Absent: it did not happen, or not yet. */
export interface LaunchMarks {
  readonly id: string;
  /** Null for a sandbox in which Bulkhead does its own work. */
  level: string | null;
  /** The call that led to the launch, if it was one of the caller's. */
  called: number | undefined;
  readonly asked: number;
  launched: { readonly at: number; readonly marks: readonly number[] } | undefined;
  /** The caller uses the sandbox for one run only. */
  oneRun: boolean;
  readonly execs: ExecMarks[];
  released: number | undefined;
  ended: { readonly at: number; readonly marks: readonly number[] } | undefined;
  done: number | undefined;
}

/** Microseconds of CLOCK_MONOTONIC, as the warden's `monotonic_us`: the clock of `process.hrtime` on Linux. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** The file to write a trace to, from BULKHEAD_TRACE; undefined: none. */
export function traceFile(): string | undefined {
  const file = process.env["BULKHEAD_TRACE"];
  return file === "" ? undefined : file;
}

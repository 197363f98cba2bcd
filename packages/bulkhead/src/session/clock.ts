/** Milliseconds on a monotonic clock. Not `performance.now()`, which makes Node load the rest of `perf_hooks`. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Rounds milliseconds for a result to three digits after the point, the clock's resolution. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

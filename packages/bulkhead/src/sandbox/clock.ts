/** Milliseconds on a clock that only goes forward. Not `performance.now()`: Node loads the rest of `perf_hooks` for it. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Milliseconds as results have them: three digits after the point say all that the clock knows. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

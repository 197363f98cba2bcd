/** Milliseconds on a clock that only goes forward. Not `performance.now()`: Node loads the rest of `perf_hooks` for it. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Node's timers count in 31 bits: what is longer would be over after a millisecond. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The time for one timer: 24 days where more is wanted, which is without an end for whatever is renewed meanwhile. */
export function timerMs(ms: number): number {
  return Math.min(Math.ceil(ms), LONGEST_TIMER_MS);
}

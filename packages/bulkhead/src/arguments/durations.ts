/** Node's timers count in 31 bits: a longer one would fire after a millisecond. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The time for one timer, at most 24 days: unlimited in practice for a timer that is renewed. */
export function timerMs(ms: number): number {
  return Math.min(Math.ceil(ms), LONGEST_TIMER_MS);
}

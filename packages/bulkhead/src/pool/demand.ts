/** Weight of the newest value in the moving averages of arrival gaps and start times. */
const WEIGHT = 0.25;
/** Prepare for this many arrivals more than expected during one start: arrivals come in bursts. */
const RESERVE = 2;

/**
 * Computes how many sandboxes should stand ready, from how often one is requested and how long one takes to create.
 * Times in milliseconds.
 */
export class Demand {
  #gapMs: number | undefined;
  #lastMs: number | undefined;
  #startMs: number | undefined;

  arrived(nowMs: number): void {
    if (this.#lastMs !== undefined) this.#gapMs = mean(this.#gapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  started(tookMs: number): void {
    this.#startMs = mean(this.#startMs, tookMs);
  }

  /** Not rounded, not bounded; 0 until two requests have arrived. Falls while none arrive. */
  wanted(nowMs: number): number {
    if (this.#gapMs === undefined || this.#lastMs === undefined || this.#startMs === undefined) return 0;
    // A pause longer than the mean gap counts, too.
    const gapMs = Math.max(this.#gapMs, nowMs - this.#lastMs, 0.1);
    return (this.#startMs / gapMs) * RESERVE;
  }
}

function mean(old: number | undefined, value: number): number {
  return old === undefined ? value : old + WEIGHT * (value - old);
}

/** Of the newest gap between two arrivals in the mean, and of the newest start. */
const WEIGHT = 0.25;
/** So many arrivals more than are expected while one sandbox is made are prepared for: they come in bursts. */
const RESERVE = 2;

/** How many sandboxes should stand ready, from how often one is asked for and how long one takes to make. Times in milliseconds. */
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

  /** Not rounded, not bounded; 0 until two have arrived. Falls while nobody asks. */
  wanted(nowMs: number): number {
    if (this.#gapMs === undefined || this.#lastMs === undefined || this.#startMs === undefined) return 0;
    // A pause that is longer than the mean gap is news, too.
    const gapMs = Math.max(this.#gapMs, nowMs - this.#lastMs, 0.1);
    return (this.#startMs / gapMs) * RESERVE;
  }
}

function mean(old: number | undefined, value: number): number {
  return old === undefined ? value : old + WEIGHT * (value - old);
}

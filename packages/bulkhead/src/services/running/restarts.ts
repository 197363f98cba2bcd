import type { RestartSpec } from "../model.js";

/** Ends of one component's program, as far as they count. */
export class Restarts {
  readonly #withinMs: number;
  #ends: readonly number[] = [];

  constructor({ withinMs }: Pick<RestartSpec, "withinMs">) {
    this.#withinMs = withinMs;
  }

  /** Counts an end; returns how many there were within the time. */
  count(now = performance.now()): number {
    this.#ends = [...this.#ends.filter((at) => now - at < this.#withinMs), now];
    return this.#ends.length;
  }
}

/** Milliseconds until the next start, each time twice as long; or the state that it stays in. */
export function nextStart(spec: RestartSpec, succeeded: boolean, restarts: Restarts): number | "finished" | "failed" {
  if (succeeded && spec.when !== "always") return "finished";
  if (spec.when === "never") return "failed";
  const ends = restarts.count();
  if (ends >= spec.limit) return "failed";
  return Math.min(spec.longestMs, spec.firstMs * 2 ** Math.min(ends - 1, 30));
}

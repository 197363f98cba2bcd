import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { TransientFailure } from "../failure.js";
import type { Timing } from "../settings.js";

/** Counts failures in a row, and waits longer after each. */
export class Patience {
  readonly #timing: Pick<Timing, "tries" | "waitMs" | "longestWaitMs">;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #answered = false;

  constructor(timing: Pick<Timing, "tries" | "waitMs" | "longestWaitMs">, signal: AbortSignal | undefined) {
    this.#timing = timing;
    this.#signal = signal;
  }

  /** It goes on: what failed before does not count any more. */
  progressed(): void {
    this.#failures = 0;
    this.#answered = true;
  }

  /**
   * Waits before the next try. Throws what is not transient as it is, and REGISTRY_UNAVAILABLE when there have been enough
   * tries, or nobody has ever answered.
   */
  async after(error: unknown, operation: string, path: string): Promise<void> {
    if (!(error instanceof TransientFailure)) throw error;
    this.#failures += 1;
    if (this.#failures >= this.#timing.tries || (error.unreachable && !this.#answered)) {
      throw new BulkheadError("REGISTRY_UNAVAILABLE", { operation, path, ...error.context, cause: error.cause });
    }
    await sleep(this.#waitMs(error), undefined, this.#signal === undefined ? {} : { signal: this.#signal }).catch(
      (cause: unknown) => {
        throw new BulkheadError("ABORTED", { operation: "pull", path, cause });
      },
    );
  }

  #waitMs({ retryAfterMs }: TransientFailure): number {
    const { waitMs, longestWaitMs } = this.#timing;
    const backOff = waitMs * 2 ** (this.#failures - 1);
    // Some of it at random: many who failed together must not come back together.
    return Math.min(longestWaitMs, Math.max(retryAfterMs ?? 0, backOff * (0.5 + Math.random())));
  }
}

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110). Undefined for anything else. */
export function retryAfterMs(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

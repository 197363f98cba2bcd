import { setTimeout as sleep } from "node:timers/promises";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { defined } from "../../../values/defined.js";
import { TransientFailure } from "../failure.js";
import type { RegistryTiming } from "../settings.js";

/** All consecutive waits together may take this many times the longest one. */
const MOST_WAITS = 2;

/** Counts consecutive failures, and waits longer after each. */
export class Patience {
  readonly #timing: Pick<RegistryTiming, "tries" | "waitMs" | "longestWaitMs">;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #waitedMs = 0;
  #answered = false;

  constructor(timing: Pick<RegistryTiming, "tries" | "waitMs" | "longestWaitMs">, signal: AbortSignal | undefined) {
    this.#timing = timing;
    this.#signal = signal;
  }

  /** Progress resets the count of failures. */
  progressed(): void {
    this.#failures = 0;
    this.#waitedMs = 0;
    this.#answered = true;
  }

  /**
   * Waits before the next try. Rethrows an error that is not transient, and throws REGISTRY_UNAVAILABLE after enough
   * tries, if the server never answered, or if it asks for too long a wait.
   */
  async after(error: unknown, operation: string, path: string): Promise<void> {
    if (!(error instanceof TransientFailure)) throw error;
    this.#failures += 1;
    if (this.#failures >= this.#timing.tries || (error.unreachable && !this.#answered)) {
      throw new BulkheadError("REGISTRY_UNAVAILABLE", { operation, path, ...error.context, cause: error.cause });
    }
    const waitMs = this.#waitMs(error);
    const { longestWaitMs } = this.#timing;
    const { retryAfterMs = 0 } = error;
    if (retryAfterMs > longestWaitMs || this.#waitedMs + waitMs > MOST_WAITS * longestWaitMs) {
      const detail = retryAfterMs === 0 ? "" : `, try again in ${Math.ceil(retryAfterMs / 1000)} s`;
      const context = { ...error.context, detail: `${error.context.detail}${detail}` };
      throw new BulkheadError("REGISTRY_UNAVAILABLE", { operation, path, ...context, cause: error.cause });
    }
    this.#waitedMs += waitMs;
    await sleep(waitMs, undefined, defined({ signal: this.#signal })).catch((cause: unknown) => {
      throw new BulkheadError("ABORTED", { operation: "pull", path, cause });
    });
  }

  #waitMs({ retryAfterMs }: TransientFailure): number {
    const { waitMs, longestWaitMs } = this.#timing;
    const backOff = waitMs * 2 ** (this.#failures - 1);
    // Partly random: many clients that failed together must not return together.
    return Math.min(longestWaitMs, Math.max(retryAfterMs ?? 0, backOff * (0.5 + Math.random())));
  }
}

/** HTTP's three date formats; `Date.parse` alone takes "-5" for a day in 2001. */
const HTTP_DATE = /^(Mon|Tues?|Wed(nes)?|Thu(rs)?|Fri|Sat(ur)?|Sun)(day)?[, ]/;
/** About three million years; more digits mean no more. */
const LONGEST_S = 1e14;

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110). Undefined for anything else. */
export function retryAfterMs(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value), LONGEST_S) * 1000;
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../../session/live.js";
import type { Provider } from "./reach.js";

/** One component's sandbox as the bridge knows it: there is one, or one may come. */
export class Component implements Provider {
  #live: Live | undefined;
  /**
   * Called with the next sandbox. Not a promise: it would keep something of each connection that gave up until that
   * sandbox comes, and a consumer can open thousands a second.
   */
  readonly #waiting = new Set<(live: Live) => void>();

  get live(): Live | undefined {
    return this.#live;
  }

  attach(live: Live): void {
    this.#live = live;
    live.hold();
    for (const take of this.#waiting) take(live);
    this.#waiting.clear();
  }

  detach(): void {
    if (this.#live === undefined) return;
    this.#live.letGo();
    this.#live = undefined;
  }

  async current(signal: AbortSignal): Promise<Live> {
    if (this.#live !== undefined) return this.#live;
    if (signal.aborted) throw stopped();
    return await new Promise((resolve, reject) => {
      const take = (live: Live) => {
        signal.removeEventListener("abort", abort);
        resolve(live);
      };
      const abort = () => {
        this.#waiting.delete(take);
        reject(stopped());
      };
      this.#waiting.add(take);
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}

function stopped(): BulkheadError {
  return new BulkheadError("ABORTED", { operation: "connect" });
}

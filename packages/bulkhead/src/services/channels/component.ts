import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../../session/live.js";
import type { Attached, Provider } from "./reach.js";

/** One component's sandbox as the bridge knows it: there is one, or one may come. */
export class Component implements Provider {
  #attached: Attached | undefined;
  /**
   * Called with the next sandbox. Not a promise: it would keep something of each connection that gave up until that
   * sandbox comes, and a consumer can open thousands a second.
   */
  readonly #waiting = new Set<(attached: Attached) => void>();

  get live(): Live | undefined {
    return this.#attached?.live;
  }

  get attached(): Attached | undefined {
    return this.#attached;
  }

  attach(attached: Attached): void {
    this.#attached = attached;
    attached.live.hold();
    for (const take of this.#waiting) take(attached);
    this.#waiting.clear();
  }

  detach(): void {
    this.#attached?.live.letGo();
    this.#attached = undefined;
  }

  async current(signal: AbortSignal): Promise<Attached> {
    if (this.#attached !== undefined) return this.#attached;
    if (signal.aborted) throw stopped();
    return await new Promise((resolve, reject) => {
      const take = (attached: Attached) => {
        signal.removeEventListener("abort", abort);
        resolve(attached);
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

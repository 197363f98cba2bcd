import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../../session/live.js";
import { type Deferred, deferred } from "../../values/deferred.js";
import type { Provider } from "./reach.js";

/** One component's sandbox as the bridge knows it: there is one, or one may come. */
export class Component implements Provider {
  #live: Live | undefined;
  #next: Deferred<Live> = deferred<Live>();

  get live(): Live | undefined {
    return this.#live;
  }

  attach(live: Live): void {
    this.#live = live;
    live.hold();
    this.#next.resolve(live);
  }

  detach(): void {
    if (this.#live === undefined) return;
    this.#live.letGo();
    this.#live = undefined;
    this.#next = deferred<Live>();
  }

  async current(signal: AbortSignal): Promise<Live> {
    if (this.#live !== undefined) return this.#live;
    if (signal.aborted) throw stopped();
    const aborted = deferred<never>();
    const abort = () => aborted.reject(stopped());
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([this.#next.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

function stopped(): BulkheadError {
  return new BulkheadError("ABORTED", { operation: "connect" });
}

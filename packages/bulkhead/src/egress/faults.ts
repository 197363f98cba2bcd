import { callbackFailed, isPromise } from "../arguments/callbacks.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import type { EgressHook } from "./hook.js";
import type { EgressListener } from "./log/event.js";

/**
 * Errors that the caller's functions threw when they were asked or told about egress. No call waits for these, so the
 * sandbox's owner gets them.
 */
export class Faults {
  #told: ((error: BulkheadError) => void) | undefined;
  #first: BulkheadError | undefined;

  /** Calls `told` with the first of them, at once if it has already happened. */
  whenFirst(told: (error: BulkheadError) => void): void {
    this.#told = told;
    if (this.#first !== undefined) told(this.#first);
  }

  /** Wraps a hook: reports its failures before they count as a refusal. */
  hook(hook: EgressHook): EgressHook {
    return async (ask) => {
      try {
        return await hook(ask);
      } catch (cause) {
        this.#report("onEgress", cause);
        throw cause;
      }
    };
  }

  /** Wraps a listener so that it never throws. */
  listener(listener: EgressListener | undefined): EgressListener {
    if (listener === undefined) return () => undefined;
    return (event) => {
      try {
        const said: unknown = listener(event);
        if (isPromise(said)) said.then(undefined, (cause: unknown) => this.#report("onEgressEvent", cause));
      } catch (cause) {
        this.#report("onEgressEvent", cause);
      }
    };
  }

  #report(name: "onEgress" | "onEgressEvent", cause: unknown): void {
    if (this.#first !== undefined) return;
    this.#first = callbackFailed("egress", `options.egress.${name}`, cause);
    this.#told?.(this.#first);
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_TIMER_MS } from "../arguments/durations.js";

/** A timer that can be stopped. */
export interface Timer {
  stop(): void;
}

/** Calls `action` after `ms` milliseconds, however many. An `idle` timer does not keep the process alive. */
export function after(ms: number, action: () => void, { idle = false }: { readonly idle?: boolean } = {}): Timer {
  let handle: NodeJS.Timeout;
  const wait = (left: number) => {
    const part = Math.min(left, LONGEST_TIMER_MS);
    // Round up, so that the time is never shorter than requested.
    handle = setTimeout(() => (left > part ? wait(left - part) : action()), Math.ceil(part));
    if (idle) handle.unref();
  };
  wait(ms);
  return { stop: () => clearTimeout(handle) };
}

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

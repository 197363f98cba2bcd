import { LONGEST_TIMER_MS } from "../arguments/durations.js";

/** Something that happens later, unless it is stopped before. */
export interface Timer {
  stop(): void;
}

/** Calls `action` after `ms` milliseconds, however many those are. An `idle` timer does not keep the process alive. */
export function after(ms: number, action: () => void, { idle = false }: { readonly idle?: boolean } = {}): Timer {
  let handle: NodeJS.Timeout;
  const wait = (left: number) => {
    const part = Math.min(left, LONGEST_TIMER_MS);
    // Rounded up: nobody gets less than was asked for.
    handle = setTimeout(() => (left > part ? wait(left - part) : action()), Math.ceil(part));
    if (idle) handle.unref();
  };
  wait(ms);
  return { stop: () => clearTimeout(handle) };
}

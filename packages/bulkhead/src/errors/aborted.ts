import { BulkheadError } from "./bulkhead-error.js";

/** What an operation rejects with when its caller's signal says so; `cause` is the signal's reason. */
export function aborted(operation: string, signal: AbortSignal | undefined): BulkheadError {
  return new BulkheadError("ABORTED", { operation, cause: signal?.reason });
}

/** @throws BulkheadError ABORTED */
export function throwIfAborted(operation: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(operation, signal);
}

import { BulkheadError } from "./bulkhead-error.js";

/** The error for an operation that the caller's signal aborts; `cause` is the signal's reason. */
export function aborted(operation: string, signal: AbortSignal | undefined): BulkheadError {
  return new BulkheadError("ABORTED", { operation, cause: signal?.reason });
}

/** @throws BulkheadError ABORTED */
export function throwIfAborted(operation: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(operation, signal);
}

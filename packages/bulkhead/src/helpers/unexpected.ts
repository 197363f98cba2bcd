import { BulkheadError } from "../errors/bulkhead-error.js";

/** A helper's answer has the wrong form, so the helper may be compromised. */
export function unexpected(operation: string): BulkheadError {
  return new BulkheadError("HELPER_FAILED", { operation, detail: "not what was asked for" });
}

import { BulkheadError } from "../errors/bulkhead-error.js";

/** A helper's answer has the form of another question's, or of none: it may have been taken over. */
export function unexpected(operation: string): BulkheadError {
  return new BulkheadError("HELPER_FAILED", { operation, detail: "not what was asked for" });
}

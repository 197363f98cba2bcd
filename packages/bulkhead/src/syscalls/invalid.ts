import { BulkheadError } from "../errors/bulkhead-error.js";

/** The error for an invalid profile, one problem per line. */
export function invalid(path: string, problems: readonly string[]): BulkheadError {
  return new BulkheadError("PROFILE_INVALID", { operation: "read", path, detail: problems.join("\n") });
}

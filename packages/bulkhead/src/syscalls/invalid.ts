import { BulkheadError } from "../errors/bulkhead-error.js";

/** Why a profile is refused, a problem a line. */
export function invalid(path: string, problems: readonly string[]): BulkheadError {
  return new BulkheadError("PROFILE_INVALID", { operation: "read", path, detail: problems.join("\n") });
}

import { BulkheadError } from "../../errors/bulkhead-error.js";

/** An image that breaks a rule: `operation` is what was being read, `detail` the rule or the field. */
export function invalid(operation: string, detail: string, path?: string): BulkheadError {
  return new BulkheadError("IMAGE_INVALID", { operation, detail, ...(path === undefined ? {} : { path }) });
}

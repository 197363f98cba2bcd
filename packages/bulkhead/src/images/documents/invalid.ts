import { BulkheadError } from "../../errors/bulkhead-error.js";
import { defined } from "../../values/defined.js";

/** The error for an image that breaks a rule: `operation` names the step, `detail` the rule or field. */
export function invalid(operation: string, detail: string, path?: string): BulkheadError {
  return new BulkheadError("IMAGE_INVALID", { operation, detail, ...defined({ path }) });
}

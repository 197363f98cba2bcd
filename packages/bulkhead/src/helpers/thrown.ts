import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";

/**
 * A call's error as plain data. An error without a code is a bug and is reported by its name alone, because its message
 * may quote hostile input.
 */
export function writeThrown(error: unknown): unknown {
  if (error instanceof BulkheadError) {
    const { code, operation, path, errno, detail } = error;
    return { code, operation, path, errno, detail };
  }
  return { code: "HELPER_FAILED", operation: "run helper", detail: error instanceof Error ? error.name : typeof error };
}

export function readThrown(value: unknown): BulkheadError {
  return errorFromWire(value, "HELPER_FAILED");
}

import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";

/** An error of a call, as plain data. What is not a coded one is a bug, and told by its name alone: its message may quote what was read. */
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

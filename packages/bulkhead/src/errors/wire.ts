import { MAX_OPERATION_BYTES, MAX_PATH_BYTES } from "../contract/generated/channel.js";
import { defined } from "../values/defined.js";
import { BulkheadError } from "./bulkhead-error.js";
import { type ErrorCode, isErrorCode } from "./registry.js";

const LONGEST = { operation: MAX_OPERATION_BYTES, path: MAX_PATH_BYTES, detail: 4096 } as const;

/**
 * Creates an error from a message of the broker or init (`docs/channel.md`, "Errors"). Init is hostile: an unknown code
 * becomes `fallback`, fields of a wrong type are dropped, and long ones are cut.
 */
export function errorFromWire(value: unknown, fallback: ErrorCode): BulkheadError {
  const fields: Readonly<Record<string, unknown>> = isRecord(value) ? value : {};
  const code = isErrorCode(fields["code"]) ? fields["code"] : fallback;
  const operation = text(fields["operation"], LONGEST.operation);
  const path = text(fields["path"], LONGEST.path);
  const detail = text(fields["detail"], LONGEST.detail);
  const errno = fields["errno"];
  return new BulkheadError(code, {
    ...defined({ operation, path }),
    ...(typeof errno === "number" && Number.isInteger(errno) ? { errno } : {}),
    ...defined({ detail }),
  });
}

function text(value: unknown, longest: number): string | undefined {
  return typeof value === "string" ? value.slice(0, longest) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

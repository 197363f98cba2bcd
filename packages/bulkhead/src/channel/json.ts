import { isUtf8 } from "node:buffer";

/** A JSON object whose fields are unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses `bytes` as a JSON object in UTF-8; undefined for anything else. */
export function parseObject(bytes: Buffer): JsonObject | undefined {
  if (!isUtf8(bytes)) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an object has no field except `names`. */
export function hasOnly(value: JsonObject, names: readonly string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}

/** A whole number from `least` to `most`, both included. */
export function isInteger(value: unknown, least: number, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
}

/** Text of at most `most` bytes in UTF-8. */
export function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most && Buffer.byteLength(value) <= most;
}

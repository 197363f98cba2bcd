import { MAX_OPERATION_BYTES, MAX_PATH_BYTES } from "../contract/generated/channel.js";
import { INIT_CODES } from "../contract/generated/codes.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import { isErrorCode } from "../errors/registry.js";
import { errorFromWire } from "../errors/wire.js";
import { hasOnly, isInteger, isObject, isText, type JsonObject, parseObject } from "./json.js";
import { GENERATION, MAX_STREAM } from "./protocol.js";
import { violation } from "./violation.js";

/** How an operation came out, as init tells it: a value that nobody has looked into, or an error. */
export type Outcome = { readonly value: JsonObject } | { readonly error: BulkheadError };

/**
 * Reads a `hello` of init.
 * @returns the features that it offers
 * @throws BulkheadError PROTOCOL_VIOLATION
 */
export function readHello(payload: Buffer): readonly string[] {
  const message = objectOf(payload);
  const features = message["features"];
  const known = hasOnly(message, ["generation", "features"]) && message["generation"] === GENERATION;
  if (!known || !Array.isArray(features) || !features.every((feature) => isText(feature, 64))) {
    throw violation("message");
  }
  return features;
}

/**
 * Reads an `accept`.
 * @returns the process id inside, where the operation is an exec
 * @throws BulkheadError PROTOCOL_VIOLATION
 */
export function readAccept(payload: Buffer): number | undefined {
  const message = objectOf(payload);
  const pid = message["pid"];
  if (!hasOnly(message, ["pid"]) || !(pid === undefined || isInteger(pid, 1, 2 ** 31 - 1))) {
    throw violation("message");
  }
  return pid;
}

/**
 * Reads a `request` of init: somebody inside has connected.
 * @returns the stream of the listener
 * @throws BulkheadError PROTOCOL_VIOLATION
 */
export function readConnection(payload: Buffer): number {
  const message = objectOf(payload);
  const listen = message["listen"];
  if (!hasOnly(message, ["op", "listen"]) || message["op"] !== "connection" || !isInteger(listen, 0, MAX_STREAM)) {
    throw violation("message");
  }
  return listen;
}

/** Reads a `result`. @throws BulkheadError PROTOCOL_VIOLATION */
export function readResult(payload: Buffer): Outcome {
  const message = objectOf(payload);
  const { ok, value, error } = message as { ok?: unknown; value?: unknown; error?: unknown };
  if (ok === true && isObject(value) && hasOnly(message, ["ok", "value"])) {
    return { value };
  }
  if (ok === false && isWireError(error) && hasOnly(message, ["ok", "error"])) {
    return { error: errorOfInit(error) };
  }
  throw violation("message");
}

function objectOf(payload: Buffer): JsonObject {
  const value = parseObject(payload);
  if (value === undefined) {
    throw violation("json");
  }
  return value;
}

function isWireError(value: unknown): value is JsonObject {
  if (!isObject(value) || !hasOnly(value, ["code", "operation", "path", "errno", "detail"])) {
    return false;
  }
  const { code, operation, path, errno, detail } = value as Readonly<
    Record<keyof typeof LONGEST | "code" | "errno", unknown>
  >;
  return (
    isErrorCode(code) &&
    isText(operation, LONGEST.operation) &&
    (path === undefined || isText(path, LONGEST.path)) &&
    (errno === undefined || isInteger(errno, 0, 4095)) &&
    (detail === undefined || isText(detail, LONGEST.detail))
  );
}

const LONGEST = { operation: MAX_OPERATION_BYTES, path: MAX_PATH_BYTES, detail: 4096 } as const;

/**
 * Codes that are about what goes on inside. Init may use no other: it must not be able to say that Bulkhead itself
 * failed.
 */
const codesOfInit: ReadonlySet<string> = new Set(INIT_CODES);

function errorOfInit(error: JsonObject): BulkheadError {
  const code = error["code"];
  const allowed = typeof code === "string" && codesOfInit.has(code);
  return errorFromWire(allowed ? error : { ...error, code: "EXEC_FAILED" }, "EXEC_FAILED");
}

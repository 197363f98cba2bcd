import { type Check, checked } from "../contract/check.js";
import { checkAccept, checkConnection, checkHello, checkWireError } from "../contract/generated/channel-messages.js";
import { INIT_CODES } from "../contract/generated/codes.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import { hasOnly, isObject, type JsonObject, parseObject } from "./json.js";
import { GENERATION } from "./protocol.js";
import { violation } from "./violation.js";

/** How an operation came out, as init tells it: a value that nobody has looked into, or an error. */
export type Outcome = { readonly value: JsonObject } | { readonly error: BulkheadError };

/**
 * Reads a `hello` of init.
 * @returns the features that it offers
 * @throws BulkheadError PROTOCOL_VIOLATION
 */
export function readHello(payload: Buffer): readonly string[] {
  const { generation, features } = messageOf(checkHello, objectOf(payload));
  if (generation !== GENERATION) throw violation("message");
  return features;
}

/**
 * Reads an `accept`.
 * @returns the process id inside, where the operation is an exec
 * @throws BulkheadError PROTOCOL_VIOLATION
 */
export function readAccept(payload: Buffer): number | undefined {
  return messageOf(checkAccept, objectOf(payload)).pid;
}

/**
 * Reads a `request` of init: somebody inside has connected.
 * @returns the stream of the listener
 * @throws BulkheadError PROTOCOL_VIOLATION
 */
export function readConnection(payload: Buffer): number {
  return messageOf(checkConnection, objectOf(payload)).listen;
}

/** Reads a `result`. @throws BulkheadError PROTOCOL_VIOLATION */
export function readResult(payload: Buffer): Outcome {
  const message = objectOf(payload);
  const { ok, value, error } = message as { ok?: unknown; value?: unknown; error?: unknown };
  if (ok === true && isObject(value) && hasOnly(message, ["ok", "value"])) {
    return { value };
  }
  if (ok === false && hasOnly(message, ["ok", "error"])) {
    const { code, ...rest } = messageOf(checkWireError, error);
    return { error: errorFromWire({ ...rest, code: codesOfInit.has(code) ? code : "EXEC_FAILED" }, "EXEC_FAILED") };
  }
  throw violation("message");
}

/** Parses a JSON object. @throws BulkheadError PROTOCOL_VIOLATION */
export function objectOf(payload: Buffer): JsonObject {
  const value = parseObject(payload);
  if (value === undefined) {
    throw violation("json");
  }
  return value;
}

/** Checks something that init sent. @throws BulkheadError PROTOCOL_VIOLATION */
export function messageOf<T>(check: Check<T>, value: unknown): T {
  return checked(check, value, () => violation("message"));
}

/**
 * Codes that are about what goes on inside. Init may use no other: it must not be able to say that Bulkhead itself
 * failed.
 */
const codesOfInit: ReadonlySet<string> = new Set(INIT_CODES);

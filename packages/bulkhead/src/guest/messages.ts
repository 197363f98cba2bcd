import { type Evidence, readEvidence } from "../broker/evidence.js";
import { isFacts } from "../broker/facts.js";
import { readStats, type Stats } from "../broker/messages.js";
import { hasOnly, isInteger, type JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { errorFromWire } from "../errors/wire.js";
import type { Facts } from "../host/facts.js";

/** Messages from a guest's supervisor. All are claims: only their form can be checked. */
export type FromGuest =
  | { readonly type: "ready"; readonly facts: Facts; readonly bootUs: number }
  | { readonly type: "booted"; readonly evidence: Evidence; readonly bootUs: number }
  | { readonly type: "failed"; readonly error: BulkheadError }
  | { readonly type: "ended"; readonly code: number; readonly stats: Stats }
  | { readonly type: "reply"; readonly seq: number; readonly value: unknown }
  | { readonly type: "reply"; readonly seq: number; readonly error: BulkheadError };

const GENERATION = 1;

/** @throws BulkheadError PROTOCOL_VIOLATION when it is no message of `docs/guest.md` */
export function readFromGuest(message: JsonObject): FromGuest {
  const { type } = message;
  switch (type) {
    case "ready": {
      const { facts, bootUs, generation } = fields(message, "generation", "facts", "bootUs");
      if (generation !== GENERATION || !isFacts(facts)) throw broken("ready");
      return { type, facts, bootUs: count(bootUs) };
    }
    case "booted": {
      const { evidence, bootUs } = fields(message, "evidence", "bootUs");
      return { type, evidence: evidenceOf(evidence), bootUs: count(bootUs) };
    }
    case "failed":
      return { type, error: errorFromWire(fields(message, "error")["error"], "GUEST_FAILED") };
    case "ended": {
      const { code, stats } = fields(message, "code", "stats");
      return { type, code: count(code), stats: statsOf(stats) };
    }
    case "reply":
      return replyOf(fields(message, "seq", "value", "error"));
    default:
      throw broken("type");
  }
}

function replyOf(message: JsonObject): FromGuest {
  const seq = count(message["seq"]);
  const { value, error } = message;
  if ((value === undefined) === (error === undefined)) throw broken("reply");
  if (error === undefined) return { type: "reply", seq, value };
  return { type: "reply", seq, error: errorFromWire(error, "GUEST_FAILED") };
}

/** @throws BulkheadError PROTOCOL_VIOLATION */
export function statsOf(value: unknown): Stats {
  try {
    return readStats(value);
  } catch {
    throw broken("stats");
  }
}

/** @throws BulkheadError PROTOCOL_VIOLATION */
export function evidenceOf(value: unknown): Evidence {
  try {
    return readEvidence(value);
  } catch {
    throw broken("evidence");
  }
}

function fields(message: JsonObject, ...names: readonly string[]): JsonObject {
  if (!hasOnly(message, ["type", ...names])) throw broken("field");
  return message;
}

function count(value: unknown): number {
  if (!isInteger(value, 0)) throw broken("number");
  return value;
}

/** Our supervisor never does this: an attacker controls the guest. */
export function broken(detail: string): BulkheadError {
  return new BulkheadError("PROTOCOL_VIOLATION", { operation: "guest control", detail });
}

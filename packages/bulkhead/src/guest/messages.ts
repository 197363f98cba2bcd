import type { Stats } from "../broker/messages.js";
import type { JsonObject } from "../channel/json.js";
import { type Check, checked } from "../contract/check.js";
import { GUEST_GENERATION } from "../contract/generated/control-constants.js";
import { checkEvidence, checkStats, checkToHost, type Evidence } from "../contract/generated/control-messages.js";
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

/** @throws BulkheadError PROTOCOL_VIOLATION when it is no message of `docs/guest.md` */
export function readFromGuest(message: JsonObject): FromGuest {
  const said = of(checkToHost, message, "");
  switch (said.type) {
    case "ready":
      if (said.generation !== GUEST_GENERATION) throw broken(".generation");
      return said;
    case "failed":
      return { type: "failed", error: errorFromWire(said.error, "GUEST_FAILED") };
    case "reply": {
      const { type, seq, value, error } = said;
      if ((value === undefined) === (error === undefined)) throw broken("reply");
      if (error === undefined) return { type, seq, value };
      return { type, seq, error: errorFromWire(error, "GUEST_FAILED") };
    }
    case "booted":
    case "ended":
      return said;
  }
}

/** @throws BulkheadError PROTOCOL_VIOLATION */
export function statsOf(value: unknown): Stats {
  return of(checkStats, value, "stats");
}

/** @throws BulkheadError PROTOCOL_VIOLATION */
export function evidenceOf(value: unknown): Evidence {
  return of(checkEvidence, value, "evidence");
}

function of<T>(check: Check<T>, value: unknown, name: string): T {
  return checked(check, value, (path) => broken(`${name}${path}`));
}

/** Our supervisor never does this: an attacker controls the guest. */
export function broken(detail: string): BulkheadError {
  return new BulkheadError("PROTOCOL_VIOLATION", { operation: "guest control", detail });
}

import { BulkheadError } from "../errors/bulkhead-error.js";

/** The ways to violate `docs/channel.md`; those in the first two lines are the reasons that the golden vectors name. */
export type ViolationReason =
  | ("length" | "kind" | "direction" | "stream" | "fd" | "json" | "message")
  | ("hello" | "stream-order" | "stream-unknown" | "credit-overflow")
  | ("credit-exceeded" | "data-after-end" | "accept-twice" | "cut-short");

/**
 * The other side violated the protocol: a hostile init, because ours never does. The connection is lost and the sandbox
 * is killed. The error quotes nothing that arrived.
 */
export function violation(reason: ViolationReason): BulkheadError {
  return new BulkheadError("PROTOCOL_VIOLATION", { operation: "channel", detail: reason });
}

import { BulkheadError } from "../errors/bulkhead-error.js";

/** The ways to break `docs/channel.md`; those of the first two lines are the reasons that the golden vectors name. */
export type ViolationReason =
  | ("length" | "kind" | "direction" | "stream" | "fd" | "json" | "message")
  | ("hello" | "stream-order" | "stream-unknown" | "credit-overflow")
  | ("credit-exceeded" | "data-after-end" | "accept-twice" | "cut-short");

/**
 * The other side broke the protocol: a hostile init, since ours never does. The connection is a lost cause and the
 * sandbox is killed. Nothing that arrived is repeated in the error.
 */
export function violation(reason: ViolationReason): BulkheadError {
  return new BulkheadError("PROTOCOL_VIOLATION", { operation: "channel", detail: reason });
}

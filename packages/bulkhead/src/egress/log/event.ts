import type { Ask } from "../gate.js";

/** One decision and its outcome: reported when a connection is refused, and when an allowed one has ended. */
export interface EgressEvent {
  /** Time of the decision, ISO 8601. */
  readonly time: string;
  /** Number of the decision within the sandbox. */
  readonly id: number;
  readonly verdict: "allow" | "deny";
  /** The rule that decided, as written; null if no rule allows it. */
  readonly rule: string | null;
  /** Why the connection was refused or failed; null otherwise. */
  readonly reason: string | null;
  /** The host in its normal form; an invalid host is cut and quoted; empty if the client gave none. */
  readonly name: string;
  /** The address of the connection; null if there was none. */
  readonly address: string | null;
  /** 0 if the client gave none. */
  readonly port: number;
  readonly via: Ask["via"];
  /** Method of the request, if visible; else null. */
  readonly method: string | null;
  /** Without the query, which often contains private data. */
  readonly path: string | null;
  /** Names of the secrets that were inserted. */
  readonly secrets: readonly string[];
  /** Bytes from the host to the sandbox. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly ms: number;
}

/**
 * Receives events. It cannot undo a decision. If it throws or rejects, the sandbox ends, because nobody would know what
 * goes out.
 */
export type EgressListener = (event: EgressEvent) => void;

/** Makes hostile text safe for one line of a log. */
export function printableHost(host: string): string {
  return JSON.stringify(host.slice(0, 100).replace(/[^\u0020-\u007e]/g, "\u{fffd}"));
}

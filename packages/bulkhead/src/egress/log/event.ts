import type { Ask } from "../gate.js";

/** One decision, and what became of it: told when a connection is refused, and when one that was allowed has ended. */
export interface EgressEvent {
  /** ISO 8601, when it was decided. */
  readonly time: string;
  /** Counts the decisions of one sandbox. */
  readonly id: number;
  readonly verdict: "allow" | "deny";
  /** The rule that decided, as written; null: none allows it. */
  readonly rule: string | null;
  /** Why it was refused, or failed; null: it was not. */
  readonly reason: string | null;
  /** The host in its normal form; what is no host at all is cut and quoted; empty where none was said. */
  readonly name: string;
  /** The address that was connected to; null: none was. */
  readonly address: string | null;
  /** 0: none was said. */
  readonly port: number;
  readonly via: Ask["via"];
  /** Of the request, where it could be seen; else null. */
  readonly method: string | null;
  /** Without its query, which often holds what is nobody's business. */
  readonly path: string | null;
  /** Names of the secrets that were put in. */
  readonly secrets: readonly string[];
  /** From the host to the sandbox. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly ms: number;
}

/** Where events go. A decision is never undone by its log; what it throws, or rejects with, ends the sandbox: nobody would know what goes out. */
export type EgressListener = (event: EgressEvent) => void;

/** What the inside wrote, fit for one line of a log. */
export function printableHost(host: string): string {
  return JSON.stringify(host.slice(0, 100).replace(/[^\u0020-\u007e]/g, "\u{fffd}"));
}

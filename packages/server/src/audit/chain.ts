import { createHash, createHmac } from "node:crypto";

/** What the log says about one step. It never holds arguments, variables or data, any of which may be a secret. */
export interface AuditEvent {
  /** Null: no project's, such as what the server does to the log itself. */
  readonly project: string | null;
  /** Id of the token; null: the server itself, or a request without a valid token. */
  readonly token: string | null;
  readonly address: string | null;
  /** Such as `sandbox.create`. */
  readonly action: string;
  /** Id of the object, if it has one yet. */
  readonly target: string | null;
  /** `begin` before the step, then `ok` or the code of the error. */
  readonly outcome: string;
  readonly level?: string;
  readonly policyDigest?: string;
  /** Of requests, or lines of this log, for an event that stands for several. */
  readonly count?: number;
}

export interface AuditEntry extends AuditEvent {
  /** From 1. */
  readonly seq: number;
  readonly at: string;
  /** Hash of the line before. */
  readonly prev: string;
}

/** `prev` of the first line. */
export const GENESIS = "0".repeat(64);

/**
 * One line without its end: the entry, the hash of the entry, which covers the hash of the line before, and the
 * authentication of that hash by the key, which only the store has.
 */
export function lineOf(entry: AuditEntry, key: Uint8Array): { readonly line: string; readonly hash: string } {
  const hash = createHash("sha256").update(JSON.stringify(entry)).digest("hex");
  const mac = createHmac("sha256", key).update(hash).digest("hex");
  return { line: JSON.stringify({ ...entry, hash, mac }), hash };
}

export interface ReadLine {
  readonly entry: AuditEntry;
  readonly hash: string;
}

/** An entry whose bytes are exactly what {@link lineOf} writes; else undefined. */
export function readLine(line: string, key: Uint8Array): ReadLine | undefined {
  try {
    const { hash, mac, ...entry } = JSON.parse(line) as AuditEntry & { readonly hash: unknown; readonly mac: unknown };
    const expected = lineOf(entry, key);
    return expected.line === line ? { entry, hash: expected.hash } : undefined;
  } catch {
    return undefined;
  }
}

import { createHash } from "node:crypto";

/** What the log says about one step. It never holds arguments, variables or data, any of which may be a secret. */
export interface AuditEvent {
  readonly project: string;
  /** Id of the token; null: the server itself. */
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

/** One line without its end: the entry, and the hash of the entry, which covers the hash of the line before. */
export function lineOf(entry: AuditEntry): { readonly line: string; readonly hash: string } {
  const hash = createHash("sha256").update(JSON.stringify(entry)).digest("hex");
  return { line: JSON.stringify({ ...entry, hash }), hash };
}

export interface ReadLine {
  readonly entry: AuditEntry;
  readonly hash: string;
}

/** An entry whose bytes are exactly what {@link lineOf} writes; else undefined. */
export function readLine(line: string): ReadLine | undefined {
  try {
    const { hash, ...entry } = JSON.parse(line) as AuditEntry & { readonly hash: unknown };
    const expected = lineOf(entry);
    return typeof hash === "string" && expected.line === line && expected.hash === hash ? { entry, hash } : undefined;
  } catch {
    return undefined;
  }
}

import type { Protection } from "../policy/protections.js";
import type { Enforcement, EnforcementTable } from "./enforcement.js";

/** A protection whose line differs between two tables. */
export interface ChangedEnforcement {
  readonly protection: Protection;
  readonly before: Enforcement;
  readonly after: Enforcement;
  /** Compares the status alone: `same` where only the mechanism differs. */
  readonly change: "stronger" | "weaker" | "same";
}

/** One field of the plan. */
export interface ChangedField {
  /** As in `limits.memoryBytes`. */
  readonly field: string;
  /** JSON; null if the field is absent. */
  readonly before: string | null;
  readonly after: string | null;
}

const RANK = { cannot: 0, weaker: 1, enforced: 2 } as const;

/** The lines of the second table that differ from the first. Pure. */
export function changedEnforcement(before: EnforcementTable, after: EnforcementTable): readonly ChangedEnforcement[] {
  return before.protections.flatMap((line): readonly ChangedEnforcement[] => {
    const now = after.protections.find(({ protection }) => protection === line.protection);
    if (now === undefined || JSON.stringify(now) === JSON.stringify(line)) return [];
    const rank = RANK[now.status] - RANK[line.status];
    const change = rank > 0 ? "stronger" : rank < 0 ? "weaker" : "same";
    return [{ protection: line.protection, before: line, after: now, change }];
  });
}

/** Compares objects field by field and lists as a whole. */
export function changedFields(before: unknown, after: unknown, field = ""): readonly ChangedField[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isRecord(before) && isRecord(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
      changedFields(before[name], after[name], field === "" ? name : `${field}.${name}`),
    );
  }
  return [{ field, before: text(before), after: text(after) }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

import { BulkheadError } from "../errors/bulkhead-error.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Enforcement, EnforcementTable } from "./enforcement.js";

/**
 * Requirements of a policy that the table does not show as enforced. Naming a profile or label requires it; `access`
 * and `tcp` require Landlock, which alone enforces them.
 */
export function unmetBy(
  policy: ResolvedPolicy,
  table: EnforcementTable,
): readonly Exclude<Enforcement, { status: "enforced" }>[] {
  const required = new Set<string>(policy.require);
  if (policy.apparmor !== null) required.add("apparmor");
  if (policy.selinux !== null) required.add("selinux");
  if (policy.access !== null || policy.tcp !== null) required.add("landlock");
  return table.protections.flatMap((line) =>
    required.has(line.protection) && line.status !== "enforced" ? [line] : [],
  );
}

/** Throws REQUIREMENT_UNMET with each unmet requirement, the reason and its remedy: not enforced means not started. */
export function requireAll(policy: ResolvedPolicy, table: EnforcementTable): void {
  const unmet = unmetBy(policy, table);
  if (unmet.length === 0) return;
  const lines = unmet.map(({ protection, status, why, remedy }) => `${protection}: ${status}: ${why}. ${remedy}`);
  throw new BulkheadError("REQUIREMENT_UNMET", { operation: `level ${table.level}`, detail: lines.join("\n") });
}

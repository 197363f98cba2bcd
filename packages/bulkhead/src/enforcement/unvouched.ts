import { INSIDE } from "./assess/microvm.js";
import { type EnforcementTable, weaker } from "./enforcement.js";

/**
 * The table of a machine that resumes from unverified memory. That memory may hold a different guest kernel, so every
 * line that relies on the guest's kernel becomes `weaker`. Protections that the host enforces around the machine stay
 * as they are.
 */
export function unvouched(table: EnforcementTable): EnforcementTable {
  const protections = table.protections.map((line) => {
    if (line.status !== "enforced" || !INSIDE.includes(line.protection)) return line;
    const verdict = weaker(
      line.by,
      "the guest resumes from an unverified snapshot, which may hold a different kernel",
      "Give `Sandbox.restore` the digest that `snapshot()` returned.",
    );
    return { protection: line.protection, ...verdict };
  });
  return { ...table, protections };
}

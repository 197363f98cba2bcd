import { INSIDE } from "./assess/microvm.js";
import { type EnforcementTable, weaker } from "./enforcement.js";

/**
 * The table of a machine that goes on from memory which nobody vouches for: what its own kernel is said to keep, that memory may have been written
 * without. What the host holds around the machine is as it was.
 */
export function unvouched(table: EnforcementTable): EnforcementTable {
  const protections = table.protections.map((line) => {
    if (line.status !== "enforced" || !INSIDE.includes(line.protection)) return line;
    const verdict = weaker(
      line.by,
      "the guest goes on from a snapshot that nobody vouches for, which may hold another kernel",
      "Give `Sandbox.restore` the digest that `snapshot()` returned.",
    );
    return { protection: line.protection, ...verdict };
  });
  return { ...table, protections };
}

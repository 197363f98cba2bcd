import { TRACED } from "../contract/generated/control-constants.js";
import type { BrokerVerdict, Evidence } from "../evidence/observed.js";
import type { Protection } from "../policy/protections.js";
import { INSIDE } from "./assess/microvm.js";
import { cannot, type Enforcement, type EnforcementTable } from "./enforcement.js";

/** Typed by the table's own names: a name that only the broker knows does not compile. */
const TRACED_PROTECTIONS: readonly Protection[] = TRACED;

/** What was seen of one sandbox. */
export interface Seen {
  /** By the broker, from outside. */
  readonly evidence: Evidence;
  /**
   * What a guest's supervisor says about the sandbox inside its machine. A claim: it can only make the table worse.
   * Absent at other levels, and for a machine that resumed from a snapshot.
   */
  readonly inside?: BrokerVerdict | undefined;
}

/**
 * The table to report for a running sandbox. The broker judges and this function prints: a line that leaves a trace
 * outside stays `enforced` only where the broker's verdict says that it is in force. No line stays `enforced` that a
 * verdict contradicts.
 */
export function confirm(table: EnforcementTable, seen: Seen): EnforcementTable {
  return { ...table, protections: table.protections.map((line) => confirmed(line, table, seen)) };
}

function confirmed(line: Enforcement, { level }: EnforcementTable, { evidence, inside }: Seen): Enforcement {
  const { protection, status } = line;
  if (status !== "enforced") return line;
  const { inForce, contradicted } = evidence.verdict;
  if (has(contradicted, protection)) return refuted(protection, "the broker checked from outside");
  if (level === "microvm" && INSIDE.includes(protection)) {
    // The host cannot look into the machine, and the line says so.
    return has(inside?.contradicted, protection) ? refuted(protection, "the guest's supervisor checked") : line;
  }
  const isSeen = has(inForce, protection) || !TRACED_PROTECTIONS.includes(protection);
  return isSeen ? line : refuted(protection, "the broker checked from outside");
}

function refuted(protection: Protection, who: string): Enforcement {
  const verdict = cannot(
    `${who} and found it not in force`,
    "Report this with the output of `bulkhead doctor --json`.",
  );
  return { protection, ...verdict };
}

function has(protections: readonly Protection[] | undefined, protection: Protection): boolean {
  return protections?.includes(protection) === true;
}

import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Facts } from "../../host/facts.js";
import type { Level } from "../../policy/level.js";
import { formatSize } from "../../policy/units.js";
import type { Limits } from "../schema.js";

/** Descriptors that `runsc` and its gofer open besides the workload's files. */
export const FILES_OF_RUNSC = 1024;

/**
 * Refuses a limit that this host cannot provide. Without this check the failure would show as an errno of an unrelated
 * call, or as a limit silently below the policy's.
 * @throws BulkheadError LIMIT_UNAVAILABLE
 */
export function requireCeilings(limits: Limits, level: Level, { ceilings, privileged }: Facts): void {
  const files = level === "gvisor" ? filesAtGvisor(ceilings.openFiles) : ceilings.openFiles;
  if (limits.openFiles > files) {
    const why = `RLIMIT_NOFILE of the broker is ${ceilings.openFiles}${privileged ? ", and without CAP_SYS_RESOURCE it cannot be raised" : ""}`;
    throw unavailable("openFiles", limits.openFiles, files, why);
  }
  const { processes, addressSpaceBytes } = limits;
  if (processes !== null && ceilings.processes !== null && processes > ceilings.processes)
    throw unavailable("pids", processes, ceilings.processes, "RLIMIT_NPROC of the broker, and no cgroup");
  const most = ceilings.addressSpaceBytes;
  if (addressSpaceBytes !== null && most !== null && addressSpaceBytes > most) {
    // The address-space limit is well above `memory` (`limits.ts`).
    const detail = `resources.memory: it takes an address space of ${formatSize(addressSpaceBytes)}, and RLIMIT_AS of the broker is ${most} bytes`;
    throw new BulkheadError("LIMIT_UNAVAILABLE", { operation: "check policy", detail });
  }
}

/** The most files that the gofer can open: its own limit is the broker's. */
export function filesAtGvisor(ceiling: number): number {
  return Math.max(ceiling - FILES_OF_RUNSC, Math.min(ceiling, FILES_OF_RUNSC));
}

function unavailable(field: string, asked: number, most: number, why: string): BulkheadError {
  const detail = `resources.${field}: ${asked}, at most ${most} here (${why})`;
  return new BulkheadError("LIMIT_UNAVAILABLE", { operation: "check policy", detail });
}

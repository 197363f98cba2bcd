import { BulkheadError } from "../../errors/bulkhead-error.js";
import { missingFor } from "../../host/levels.js";
import type { HostReport } from "../../host/report.js";
import { missingForAnyLevel } from "../../host/requirements.js";
import { LEVEL_FOR_TRUST, type Level, strongerOf } from "../../policy/level.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
/** The level that a policy selects, before checking whether this host offers it. */
export function wantedLevel({ level, trust }: ResolvedPolicy): Level {
  if (level.exact !== null) return level.exact;
  const allowed = trust === null ? "container" : LEVEL_FOR_TRUST[trust];
  return level.min === null ? allowed : strongerOf(allowed, level.min);
}

/**
 * The level to run at, or LEVEL_UNAVAILABLE with everything that is missing. There is no second choice: a weaker level
 * would be less than requested, and a stronger one is for the user to request.
 */
export function chooseLevel(policy: ResolvedPolicy, host: HostReport): Level {
  const level = wantedLevel(policy);
  const missing = missingFor(level, host);
  if (missing.length > 0) {
    const code = missingForAnyLevel(host).length > 0 ? "HOST_UNSUPPORTED" : "LEVEL_UNAVAILABLE";
    const detail = missing.map(({ what, remedy }) => `level ${level} needs ${what}. ${remedy}`).join("\n");
    throw new BulkheadError(code, { detail });
  }
  return level;
}

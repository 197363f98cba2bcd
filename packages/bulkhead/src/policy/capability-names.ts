import { GRANTABLE } from "../contract/generated/plan-constants.js";

/**
 * Capabilities that a sandbox's own user namespace can grant. The others apply to the host's resources (mounts,
 * network, processes, ipc), so naming one would be an empty promise.
 */
export const CAPABILITY_NAMES = GRANTABLE;

const GIVEN: ReadonlySet<string> = new Set(CAPABILITY_NAMES);

/** The name without `CAP_`, in capitals; undefined if the capability cannot be granted. */
export function capabilityName(name: string): string | undefined {
  const bare = name.toUpperCase().replace(/^CAP_/, "");
  return GIVEN.has(bare) ? bare : undefined;
}

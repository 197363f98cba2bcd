import type { CheckedPolicy } from "./schema.js";

/** The first thing in a valid policy that this version cannot do, with the field's name; undefined: it can do all of it. */
export function unsupportedIn(policy: CheckedPolicy): string | undefined {
  const { network } = policy;
  if (network === "full") return 'network: full is not built yet; only "none" is';
  return undefined;
}

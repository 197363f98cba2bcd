import { loadPolicy, type Policy } from "bulkhead";
import type { PolicyFlags } from "./flags.js";
import { mergeFlags } from "./merge.js";

/**
 * The policy that a command line asks for. Throws POLICY_INVALID if its file cannot be read; the use of the policy
 * validates the rest.
 */
export async function policyFrom(flags: PolicyFlags): Promise<Policy> {
  return mergeFlags(flags.policy === undefined ? {} : await loadPolicy(flags.policy), flags);
}

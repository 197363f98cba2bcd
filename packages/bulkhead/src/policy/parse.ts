import type { Policy } from "./schema.js";
import type { ResolvedPolicy } from "./resolved.js";

export interface ParseOptions {
  /** What relative host paths in the policy are relative to. Default: the current directory. */
  readonly directory?: string;
}

/** Checks a policy and fills in its defaults. Throws POLICY_INVALID naming every problem with its path, or UNSUPPORTED. */
export declare function parsePolicy(policy: Policy | unknown, options?: ParseOptions): ResolvedPolicy;

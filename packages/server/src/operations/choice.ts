import type { Policy } from "bulkhead";
import { type BoundedPolicy, type BoundOptions, boundPolicy } from "../tenants/bounded.js";
import type { Caller } from "../tenants/tokens.js";
import type { Core } from "./core.js";

/** A policy of the caller's, or one of the operator's by name; neither: the empty policy. */
export interface PolicyChoice {
  readonly policy?: Policy | undefined;
  readonly template?: string | undefined;
}

/** The chosen policy within the floor of the caller's project. @throws BulkheadError FLOOR_VIOLATED, POLICY_INVALID */
export function choosePolicy(
  core: Core,
  caller: Caller,
  { policy, template }: PolicyChoice,
  kind: BoundOptions["kind"],
): BoundedPolicy {
  const chosen = template === undefined ? (policy ?? {}) : core.templates.named(template);
  return boundPolicy(chosen, caller.project.floor, { isTemplate: template !== undefined, kind });
}

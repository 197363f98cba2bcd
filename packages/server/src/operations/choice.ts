import type { Policy } from "bulkhead";
import { Memo } from "../memo.js";
import { type BoundedPolicy, type BoundOptions, boundPolicy } from "../tenants/bounded.js";
import type { Caller } from "../tenants/tokens.js";
import type { Core } from "./core.js";
import type { PoolChoice } from "./pools.js";

/** A policy of the caller's, or the name of one of the operator's or of the project's; neither: the empty policy. */
export interface PolicyChoice {
  readonly policy?: Policy | undefined;
  readonly template?: string | undefined;
}

/** A policy that the floor admits, and the pool of its template, if it has one. */
export interface ChosenPolicy extends BoundedPolicy {
  readonly pool: PoolChoice | null;
}

/** Of templates alone: a policy in a request may hold the value of a secret. */
const ofTemplates = new Memo<BoundedPolicy>();

/**
 * The chosen policy within the floor of the caller's project.
 * @throws BulkheadError FLOOR_VIOLATED, POLICY_INVALID, API_NOT_FOUND
 */
export async function choosePolicy(
  { store, templates }: Pick<Core, "store" | "templates">,
  { project }: Caller,
  { policy = {}, template }: PolicyChoice,
  kind: BoundOptions["kind"],
): Promise<ChosenPolicy> {
  const bound = (given: Policy, isTemplate: boolean) => boundPolicy(given, project.floor, { isTemplate, kind });
  if (template === undefined) return { ...bound(policy, false), pool: null };
  const remembered = (given: Policy, isTemplate: boolean) =>
    ofTemplates.of(JSON.stringify([given, project.floor, isTemplate, kind]), () => bound(given, isTemplate));
  // The operator may have added one to whose name a project already gave another meaning.
  const row = templates.has(template) ? undefined : await store.template(project.id, template);
  if (row === undefined) return { ...remembered(templates.named(template), true), pool: null };
  // A tenant wrote it.
  return {
    ...remembered(row.policy, false),
    pool: row.pool === 0 ? null : { template, version: row.createdAt, size: row.pool },
  };
}

import { requireArguments } from "../arguments/require.js";
import { Broker } from "../broker/broker.js";
import { freshId } from "../broker/fresh-id.js";
import type { BrokerLimits } from "../broker/messages.js";
import type { Enforcement, EnforcementTable } from "../enforcement/enforcement.js";
import { unmetBy } from "../enforcement/requirements.js";
import { type OwnPart, ownParts } from "../host/own-parts.js";
import { wantedLevel } from "../plan/compile/level.js";
import { fileNotes } from "../plan/file-notes.js";
import type { Plan } from "../plan/schema.js";
import type { Level } from "../policy/level.js";
import { parsePolicy } from "../policy/parse.js";
import type { Policy } from "../policy/schema.js";
import { gather, parse } from "../prepare/compile.js";
import { maximaOf } from "../prepare/maxima.js";
import { tabulate } from "../prepare/tabulate.js";
import { policyArgument, prepareOptions } from "./options.js";
import type { PrepareOptions } from "./prepare/options.js";
import { ImageSources } from "./prepare/sources.js";

/** The outcome of compiling a policy on a host, without starting anything. */
export interface Explanation {
  readonly level: Level;
  readonly plan: Plan;
  readonly enforcement: EnforcementTable;
  /** Protections that the policy requires and this host cannot enforce. If there are any, nothing would start. */
  readonly unmet: readonly Enforcement[];
  /** Parts of the image that are ignored, one line each. */
  readonly notes: readonly string[];
  /** Defaults that were lowered to a maximum of the broker's owner, one line each. */
  readonly lowered: readonly string[];
  /** Maxima of the broker's owner; null if the caller itself owns the broker. */
  readonly maxima: BrokerLimits | null;
  /** Read-only host files that do not belong to the workload's user inside, and why, one line each. */
  readonly fileNotes: readonly string[];
  /** Bulkhead's own processes that parse hostile input, as this process would start them. */
  readonly ownParts: readonly OwnPart[];
  /** For `root: host`, the entries of /etc and /var/lib that are hidden, and why, as a clause. Else empty. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Explains what `policy` means on this host.
 * @throws BulkheadError as `run` does before it launches, except REQUIREMENT_UNMET
 */
export async function explain(policy: Policy = {}, options: PrepareOptions = {}): Promise<Explanation> {
  requireArguments("explain", ["policy", policyArgument, policy], ["options", prepareOptions, options]);
  const parsed = parse(policy);
  const sources = new ImageSources(parsed.resolved, options);
  const gathering = gather(parsed, Broker.default(options.broker), sources);
  const { resolved, lowered, broker, host, runtime, inputs } = await gathering.finally(() =>
    sources.opened?.[Symbol.dispose](),
  );
  const { plan, enforcement } = tabulate(resolved, host, inputs, { id: freshId() });
  return {
    level: plan.level,
    plan: await runtime.hostPlan(plan, resolved.resources.diskBytes),
    enforcement,
    unmet: unmetBy(resolved, enforcement),
    notes: inputs.image?.notes ?? [],
    lowered,
    maxima: maximaOf(broker.limits) ?? null,
    fileNotes: fileNotes(resolved, inputs, host),
    ownParts: ownParts(broker.facts),
    leftOut: inputs.root.kind === "host" ? (inputs.root.left ?? []) : [],
  };
}

/** The level that a policy selects, whether or not this host offers it. @throws BulkheadError POLICY_INVALID */
export function levelOf(policy: Policy): Level {
  requireArguments("levelOf", ["policy", policyArgument, policy]);
  return wantedLevel(parsePolicy(policy));
}

import type { EnforcementTable } from "../enforcement/enforcement.js";
import { withNetwork } from "../enforcement/network.js";
import { requireAll } from "../enforcement/requirements.js";
import { enforcementOf } from "../enforcement/table.js";
import type { HostReport } from "../host/report.js";
import { type CaBundles, caBundlesOf } from "../plan/compile/own-files.js";
import { type CompileOptions, planFor, type Workload, workloadFor } from "../plan/compile.js";
import type { Inputs } from "../plan/input-types.js";
import type { Plan } from "../plan/schema.js";
import type { Level } from "../policy/level.js";
import type { ResolvedPolicy } from "../policy/resolved.js";

/** What a policy comes to on this host. */
export interface Compiled {
  readonly level: Level;
  /**
   * What the workload shall see and be bound by. The warden executes it as it is at levels `chroot` and `container`; at
   * the others it is what the program that makes the wall is told, and the warden gets the plan of that program's jail
   * (`levels/`).
   */
  readonly plan: Plan;
  readonly enforcement: EnforcementTable;
  readonly workload: Workload;
  readonly caBundles: CaBundles;
}

/**
 * Turns a policy into a plan and the table of what will be enforced. Pure: it looks at nothing but its arguments.
 *
 * Throws LIMIT_UNAVAILABLE, HOST_UNSUPPORTED, LEVEL_UNAVAILABLE, REQUIREMENT_UNMET, MOUNT_OWNER_ROOT,
 * MOUNT_OWNER_FOREIGN, MOUNT_IDMAP_UNSUPPORTED: a policy that cannot be enforced in full is refused, never weakened.
 */
export function compile(policy: ResolvedPolicy, host: HostReport, inputs: Inputs, { id }: CompileOptions): Compiled {
  const { plan, enforcement } = tabulate(policy, host, inputs, { id });
  requireAll(policy, enforcement);
  const caBundles = caBundlesOf(plan, inputs, policy);
  return { level: plan.level, plan, enforcement, workload: workloadFor(policy, inputs), caBundles };
}

/** As `compile`, but what `require` asks for is not insisted on: for `explain`, which shows what is missing. */
export function tabulate(
  policy: ResolvedPolicy,
  host: HostReport,
  inputs: Inputs,
  options: CompileOptions,
): { readonly plan: Plan; readonly enforcement: EnforcementTable } {
  const plan = planFor(policy, host, inputs, options);
  return { plan, enforcement: withNetwork(enforcementOf(plan, host), policy.network) };
}

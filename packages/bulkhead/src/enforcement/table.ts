import type { HostReport } from "../host/report.js";
import type { Plan } from "../plan/schema.js";
import type { Level } from "../policy/level.js";
import { PROTECTIONS, type Protection } from "../policy/protections.js";
import type { Assessor } from "./assess/assessor.js";
import { gvisor } from "./assess/gvisor.js";
import { hygiene } from "./assess/hygiene.js";
import { identity } from "./assess/identity.js";
import { kernel } from "./assess/kernel.js";
import { limits } from "./assess/limits.js";
import { microvm } from "./assess/microvm.js";
import { namespaces } from "./assess/namespaces.js";
import type { EnforcementTable } from "./enforcement.js";
import { WEAK_POINTS } from "./weak-points.js";

/** The type makes it complete: a protection without an assessor does not compile. */
const ASSESSORS: Readonly<Record<Protection, Assessor>> = {
  ...identity,
  ...namespaces,
  ...kernel,
  ...limits,
  ...hygiene,
};

/** Assessors of levels that provide a protection in another way. */
const OF_LEVEL: Readonly<Partial<Record<Level, Readonly<Partial<Record<Protection, Assessor>>>>>> = {
  gvisor,
  microvm: microvm(ASSESSORS),
};

/** The enforcement table of a plan on this host. */
export function enforcementOf(plan: Plan, host: HostReport): EnforcementTable {
  return {
    level: plan.level,
    weakPoint: WEAK_POINTS[plan.level],
    protections: PROTECTIONS.map((protection) => ({
      protection,
      ...(OF_LEVEL[plan.level]?.[protection] ?? ASSESSORS[protection])(plan, host),
    })),
  };
}

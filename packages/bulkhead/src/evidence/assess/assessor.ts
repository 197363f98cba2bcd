import type { HostReport } from "../../host/report.js";
import type { Plan } from "../../plan/schema.js";
import type { Protection } from "../../policy/protections.js";
import type { Verdict } from "../enforcement.js";

/** Says what a plan does for one protection on a host. Pure. */
export type Assessor = (plan: Plan, host: HostReport) => Verdict;

/** Assessors of a group; together the groups must name every protection, which the compiler checks. */
export function assessors<Name extends Protection>(group: Readonly<Record<Name, Assessor>>): typeof group {
  return group;
}

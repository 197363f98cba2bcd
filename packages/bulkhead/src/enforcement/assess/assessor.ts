import type { HostReport } from "../../host/report.js";
import type { Plan } from "../../plan/schema.js";
import type { Protection } from "../../policy/protections.js";
import type { Verdict } from "../enforcement.js";

/** Assesses what a plan does for one protection on a host. Pure. */
export type Assessor = (plan: Plan, host: HostReport) => Verdict;

/** A group of assessors; the compiler checks that the groups together name every protection. */
export function assessors<Name extends Protection>(group: Readonly<Record<Name, Assessor>>): typeof group {
  return group;
}

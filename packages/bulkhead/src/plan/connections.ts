import { EGRESS } from "../contract/generated/plan-constants.js";
import type { Plan } from "./schema.js";

/** Whether the sandbox's egress has a separate connection, according to a workload's plan or that of its jail. */
export function hasEgress({ payload }: Pick<Plan, "payload">): boolean {
  if (payload.kind === "init") return payload.egress;
  return payload.descriptors.some((one) => one.kind === "attached" && one.name === EGRESS);
}

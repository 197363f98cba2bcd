import type { Broker } from "../broker/broker.js";
import type { Missing } from "../host/requirements.js";
import type { Plan } from "../plan/schema.js";
import type { Driver } from "./driver.js";

/** How one level is had on this host. */
export interface Runtime {
  /** What is missing for it, found out by trying; empty: it works. */
  readonly missing: readonly Missing[];
  /**
   * What the broker is to make for a workload's plan: that plan itself, or the jail of the program that is the wall. Pure.
   * @throws BulkheadError UNSUPPORTED for what this level cannot do
   */
  hostPlan(workload: Plan): Plan;
  /** Launches host plans. */
  driver(broker: Broker): Driver;
}

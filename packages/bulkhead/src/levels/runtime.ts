import type { Broker } from "../broker/broker.js";
import type { Facts } from "../host/facts.js";
import type { HostReport } from "../host/report.js";
import type { Missing } from "../host/requirements.js";
import type { Plan } from "../plan/schema.js";
import type { Driver } from "./driver.js";

/** How one level is had on this host. */
export interface Runtime {
  /** What is missing for it, found out by trying; empty: it works. */
  readonly missing: readonly Missing[];
  /** What the workload's plan is compiled for where that is not this host: the kernel of a guest. */
  readonly guest?: Facts;
  /**
   * What the broker is to make for a workload's plan: that plan itself, or the jail of the program that is the wall.
   * @throws BulkheadError UNSUPPORTED, MICROVM_UNSUPPORTED for what this level cannot do
   */
  hostPlan(workload: Plan): Plan | Promise<Plan>;
  /** Launches host plans. */
  driver(broker: Broker): Driver;
}

/** A directory of the host, as a plan mounts it. */
export type Tree = Extract<Plan["root"]["source"], { readonly kind: "directory" }>;

/** What finding a runtime may use. */
export interface RuntimeContext {
  readonly broker: Broker;
  /** Of this host alone. */
  readonly host: HostReport;
  /** The path of an image of a tree, made now if need be; it never changes. */
  readonly imageOf: (tree: Tree) => Promise<string>;
}

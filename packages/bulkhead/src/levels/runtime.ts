import type { Broker } from "../broker/broker.js";
import type { Facts } from "../host/facts.js";
import type { Missing } from "../host/missing.js";
import type { Counting, HostReport } from "../host/report.js";
import type { Plan } from "../plan/schema.js";
import type { Driver, SavedMachine } from "./driver.js";

/** What a broker's owner may set a maximum for. */
export type WorkloadLimits = Pick<Plan["limits"], "memoryBytes" | "pids" | "milliCpus">;

/** How one level is had on this host. */
export interface Runtime {
  /** What is missing for it, found out by trying; empty: it works. */
  readonly missing: readonly Missing[];
  /** What makes the wall, for people; where that is a program of others. */
  readonly by?: string;
  /** What the workload's plan is compiled for where that is not this host: the kernel of a guest. */
  readonly guest?: Facts;
  /** By what the Sentry counts processes, where it is the kernel. */
  readonly counting?: Counting;
  /** The workload writes to copies of host directories; what it changed is to be fetched by the channel, and written to the host, before it ends. */
  readonly writesBack?: boolean;
  /** What the broker is asked for where a workload has these limits; undefined: those themselves. */
  readonly wallLimits?: (limits: WorkloadLimits) => WorkloadLimits | Promise<WorkloadLimits>;
  /**
   * What the broker is to make for a workload's plan: that plan itself, or the jail of the program that is the wall. `diskBytes`: what the
   * policy gives each writable file system that the plan does not have yet.
   * @throws BulkheadError UNSUPPORTED, MICROVM_UNSUPPORTED for what this level cannot do
   */
  hostPlan(workload: Plan, diskBytes: number): Plan | Promise<Plan>;
  /**
   * A host plan of this level whose program need not start from nothing, where there can be one. What it makes of the workload's is the same: only
   * to be called for what is launched.
   */
  readonly started?: ((plan: Plan) => Promise<Plan>) | undefined;
  /**
   * A host plan of this level that goes on from a saved machine, whose first file is at `path`. All of it is made of the plan; of what was saved
   * only the digests are looked at. Missing where a level cannot.
   * @throws BulkheadError SNAPSHOT_MISMATCH, SNAPSHOT_INVALID
   */
  readonly restored?: (plan: Plan, path: string, saved: SavedMachine) => Promise<Plan>;
  /** Launches host plans. */
  driver(broker: Broker): Driver;
}

/** A directory (or file) of the host or the layers of an image, as a plan mounts it. */
export type Tree = Extract<Plan["root"]["source"], { readonly kind: "directory" | "layers" }>;

/** A tree as a disk for a virtual machine. It never changes. */
export interface TreeImage {
  readonly path: string;
  /** Where in it the tree is: empty, or the one file that was asked for, after a slash. */
  readonly inside: string;
}

/** What finding a runtime may use. */
export interface RuntimeContext {
  readonly broker: Broker;
  /** Of this host alone. */
  readonly host: HostReport;
  /** The image of a tree, made now if need be. */
  readonly imageOf: (tree: Tree) => Promise<TreeImage>;
  /** Tries again what was tried before on this boot of the host. */
  readonly again?: boolean;
}

import type { Broker } from "../broker/broker.js";
import type { Facts } from "../host/facts.js";
import type { MissingRequirement } from "../host/missing.js";
import type { Counting, HostReport } from "../host/report.js";
import type { Plan } from "../plan/schema.js";
import type { Driver, SavedMachine } from "./driver.js";

/** Limits for which a broker's owner may set a maximum. */
export type WorkloadLimits = Pick<Plan["limits"], "memoryBytes" | "pids" | "milliCpus">;

/** How this host provides a level. */
export interface Runtime {
  /** What a trial found missing; empty if the level works. */
  readonly missing: readonly MissingRequirement[];
  /** The program that makes the wall, for people, if it is not Bulkhead's. */
  readonly by?: string;
  /** The kernel that the workload's plan is compiled for, if it is a guest's and not this host's. */
  readonly guest?: Facts;
  /** How the Sentry counts processes, if it is the kernel. */
  readonly counting?: Counting;
  /**
   * The workload writes to copies of host directories; its changes must be fetched through the channel, and written to
   * the host, before it ends.
   */
  readonly writesBack?: boolean;
  /** The limits to ask of the broker for a workload with these limits; undefined: the same. */
  readonly wallLimits?: (limits: WorkloadLimits) => WorkloadLimits | Promise<WorkloadLimits>;
  /**
   * The broker's plan for a workload's plan: that plan itself, or the jail of the program that makes the wall.
   * `diskBytes`: size of each writable file system that is not in the plan yet.
   * @throws BulkheadError UNSUPPORTED, MICROVM_UNSUPPORTED for features that this level lacks
   */
  hostPlan(workload: Plan, diskBytes: number): Plan | Promise<Plan>;
  /**
   * A host plan of this level whose program need not start from nothing, if possible. Its effect for the workload is
   * the same: call it only for a plan that will be launched.
   */
  readonly started?: ((plan: Plan) => Promise<Plan>) | undefined;
  /**
   * A host plan of this level that resumes a saved machine, whose first file is at `path`. Everything in it comes from
   * the plan; of the saved state only the digests are used. Absent at levels without snapshots.
   * @throws BulkheadError SNAPSHOT_MISMATCH, SNAPSHOT_INVALID
   */
  readonly restored?: (plan: Plan, path: string, saved: SavedMachine) => Promise<Plan>;
  /** Launches host plans. */
  driver(broker: Broker): Driver;
}

/** A host directory (or file), or an image's layers, as a plan mounts it. */
export type Tree = Extract<Plan["root"]["source"], { readonly kind: "directory" | "layers" }>;

/** A tree as a disk for a virtual machine. It never changes. */
export interface TreeImage {
  readonly path: string;
  /** Path of the tree in it: empty, or a slash and the name of the single file. */
  readonly inside: string;
}

/** Inputs for finding a runtime. */
export interface RuntimeContext {
  readonly broker: Broker;
  /** Describes this host alone. */
  readonly host: HostReport;
  /** The image of a tree, built now if necessary. */
  readonly imageOf: (tree: Tree) => Promise<TreeImage>;
  /** Repeats trials already made since the host booted. */
  readonly again?: boolean;
}

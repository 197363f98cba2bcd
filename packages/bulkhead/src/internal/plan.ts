import { Broker } from "../broker/broker.js";
import type { BrokerOptions } from "../broker/options.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { baseRootPath } from "../host/locate.js";
import type { Policy } from "../policy/schema.js";
import { compileGathered, gather, parse, type Sources } from "../prepare/compile.js";
import type { SessionDefaults } from "../session/session.js";
import type { Startable } from "../session/start.js";

/** Options for sandboxes of Bulkhead's own work. */
export interface TaskOptions extends BrokerOptions {
  /** Cancels; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
}

/** The plan of an internal sandbox, and the other inputs of `Session.start`. */
export interface InternalPlan extends Startable {
  readonly defaults: SessionDefaults;
}

/**
 * Creates the plan of a sandbox for Bulkhead's own work, such as unpacking an image. It has no image and no network.
 * The caller may add settings that no policy can ask for, and then starts it.
 * @throws BulkheadError as compiling a policy does
 */
export async function internalPlan(policy: InternalPolicy, { broker: path }: TaskOptions): Promise<InternalPlan> {
  const parsed = parse({ ...policy, network: "none" });
  const gathered = await gather(parsed, Broker.default(path), OWN_ROOTS);
  const { broker, runtime, resolved, compiled } = compileGathered(gathered);
  const plan = await runtime.hostPlan(compiled.plan, resolved.resources.diskBytes);
  return { driver: runtime.driver(broker), plan, defaults: compiled.workload };
}

/** A policy at a level whose wall the warden itself makes, and with a root that needs no image. */
export type InternalPolicy = Omit<Policy, "image" | "images" | "network" | "secrets"> & {
  readonly level: "chroot" | "container";
  readonly root: "base" | "host";
};

function unused(): never {
  throw new BulkheadError("UNSUPPORTED", { operation: "internal sandbox", detail: "an image" });
}

const OWN_ROOTS: Sources = {
  get baseRoot() {
    return baseRootPath();
  },
  openImage: unused,
  treeImage: unused,
};

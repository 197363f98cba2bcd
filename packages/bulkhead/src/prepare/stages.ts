import type { Broker } from "../broker/broker.js";
import type { HostReport } from "../host/report.js";
import type { Runtime } from "../levels/runtime.js";
import type { Inputs } from "../plan/input-types.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Policy } from "../policy/schema.js";
import type { Compiled } from "./tabulate.js";

/** The first stage of preparing a policy: checked, with its defaults. */
export interface Parsed {
  readonly policy: Policy;
  readonly resolved: ResolvedPolicy;
}

/** The second stage: everything that compiling it needs to know of this host. */
export interface Gathered {
  /** With defaults lowered to what the broker's owner allows. */
  readonly resolved: ResolvedPolicy;
  /** Which defaults were lowered, a line each. */
  readonly lowered: readonly string[];
  readonly broker: Broker;
  readonly host: HostReport;
  /** What makes the wall of the policy's level. */
  readonly runtime: Runtime;
  readonly inputs: Inputs;
}

/**
 * The third stage: the workload's plan and its enforcement table. Nothing in it belongs to one sandbox, so it can be
 * used for several.
 */
export interface CompiledPolicy {
  readonly broker: Broker;
  readonly runtime: Runtime;
  readonly resolved: ResolvedPolicy;
  readonly compiled: Compiled;
}

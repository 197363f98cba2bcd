import type { Broker } from "../../broker/broker.js";
import { freshId } from "../../broker/fresh-id.js";
import { EGRESS } from "../../contract/generated/plan-constants.js";
import type { Gate } from "../../egress/client/gate.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { HostReport } from "../../host/report.js";
import type { Driver, SavedMachine } from "../../levels/driver.js";
import type { Runtime } from "../../levels/runtime.js";
import { NO_CA_BUNDLES } from "../../plan/compile/own-files.js";
import type { Plan } from "../../plan/schema.js";
import { GENERATED_PROFILE } from "../../policy/defaults.js";
import { isAtLeast } from "../../policy/level.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import { reportOf } from "../../prepare/host.js";
import type { Compiled } from "../../prepare/tabulate.js";
import { openNetwork, withBundle, withEgress } from "../network.js";
import type { WriteBack } from "../write-back/write-back.js";
import type { HeldPolicy } from "./held.js";
import { heldUntilEnd, release } from "./holds.js";
import type { OwnPrepareOptions, PrepareOptions } from "./options.js";

/** The last stage of preparing a policy: everything for one sandbox, ready for one launch. */
export interface Launchable {
  /** With the plan that the broker executes. */
  readonly compiled: Compiled;
  readonly driver: Driver;
  readonly host: HostReport;
  /** Version of the broker's executable. */
  readonly wardenVersion: string;
  /** Null if the policy allows no egress. */
  readonly egress: Gate | null;
  /** Writes changes back to the host, if the workload has copies of writable host directories. Else null. */
  readonly writeBack: WriteBack | null;
  /**
   * The workload's compiled plan before anything specific to one sandbox was added; the baseline for comparison with
   * another compilation.
   */
  readonly compiledPlan: Plan;
  /** Whether the sandbox holds copies of host directories as they were at launch. */
  readonly copiesHostFiles: boolean;
  /** Releases its resources if it is not launched after all. */
  readonly discard: () => void;
}

/** How a sandbox starts: from nothing, or from the memory of a saved machine whose first file is at `path`. */
export type Beginning =
  | { readonly kind: "boot" }
  | { readonly kind: "saved"; readonly path: string; readonly machine: SavedMachine };

export const BOOT: Beginning = { kind: "boot" };

/**
 * Gives a compiled policy an id, egress and its profile.
 * @throws BulkheadError as creating those and the wall's plan does
 */
export async function makeLaunchable(
  held: HeldPolicy,
  options: OwnPrepareOptions,
  beginning: Beginning,
): Promise<Launchable> {
  const { broker, runtime, resolved, pin } = held;
  const { plan: compiledPlan, workload, caBundles, ...compiled } = held.compiled;
  const { diskBytes } = resolved.resources;
  const holds: Disposable[] = pin === undefined ? [] : [pin];
  try {
    const id = freshId();
    const egress = resolved.network.kind === "none" ? null : await openGate(held, id, options);
    if (egress !== null) holds.push({ [Symbol.dispose]: () => void egress.close() });
    const bundled = { ...withBundle(compiledPlan, caBundles, egress), id };
    const plan = await withProfile(await withBridge(bundled, broker, options), resolved, holds);
    const writeBack = runtime.writesBack === true ? await writeBackOf(plan, diskBytes) : null;
    return {
      compiled: {
        ...compiled,
        // The plan already contains the bundles; a snapshot has no use for them.
        caBundles: NO_CA_BUNDLES,
        workload: { ...workload, env: withEgress(workload.env, egress, resolved) },
        plan: await hostPlanOf(runtime, plan, diskBytes, beginning),
      },
      driver: heldUntilEnd(runtime.driver(broker), holds),
      host: reportOf(broker),
      wardenVersion: broker.version,
      egress,
      writeBack,
      compiledPlan,
      copiesHostFiles: runtime.writesBack === true && namesHostTrees(resolved),
      discard: () => release(holds),
    };
  } catch (error) {
    release(holds);
    throw error;
  }
}

/** Does slow work for the sandbox first, because the broker does not wait forever for the rest of a launch. */
async function openGate({ broker, runtime, resolved, compiled }: HeldPolicy, id: string, options: PrepareOptions) {
  const { plan, caBundles } = compiled;
  if (runtime.guest !== undefined) await hostPlanOf(runtime, plan, resolved.resources.diskBytes, BOOT);
  const connection = () => broker.attached(id, EGRESS);
  return await openNetwork(resolved, plan.level, options.egress ?? {}, caBundles.roots, connection);
}

/** Only where init shares the host's kernel can it pass descriptors. */
async function withBridge(plan: Plan, broker: Broker, { joins }: OwnPrepareOptions): Promise<Plan> {
  const { payload, level } = plan;
  if (joins === undefined || payload.kind !== "init" || isAtLeast(level, "gvisor")) return plan;
  await joins.join(broker, plan.id);
  return { ...plan, payload: { ...payload, bridge: true } };
}

/** Loads the code that examines and writes host directories only if there is one to write. */
async function writeBackOf(plan: Plan, diskBytes: number): Promise<WriteBack | null> {
  if (plan.mounts.every((mount) => mount.kind !== "bind" || mount.readOnly)) return null;
  const { WriteBack } = await import("../write-back/write-back.js");
  return await WriteBack.of(plan, diskBytes);
}

/**
 * Generates an AppArmor profile if the policy asks for one: in this host's kernel while it is held, or for a guest's.
 */
async function withProfile(plan: Plan, { apparmor, access }: ResolvedPolicy, holds: Disposable[]): Promise<Plan> {
  if (apparmor !== GENERATED_PROFILE) return plan;
  const { generateProfile } = await import("../../apparmor/generated.js");
  const confined = await generateProfile(plan, access);
  holds.push(confined.profile);
  return confined.plan;
}

async function hostPlanOf(runtime: Runtime, workload: Plan, diskBytes: number, beginning: Beginning): Promise<Plan> {
  const plan = await runtime.hostPlan(workload, diskBytes);
  if (beginning.kind === "boot") return (await runtime.started?.(plan)) ?? plan;
  if (runtime.restored === undefined) throw new BulkheadError("SNAPSHOT_UNSUPPORTED", { operation: "restore" });
  return await runtime.restored(plan, beginning.path, beginning.machine);
}

function namesHostTrees({ root, files }: ResolvedPolicy): boolean {
  return root.kind === "directory" || files.some((file) => file.kind === "host");
}

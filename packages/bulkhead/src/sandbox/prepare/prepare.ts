import type { Plan } from "../../plan/schema.js";
import type { Policy } from "../../policy/schema.js";
import { beginTrace } from "../../trace/trace.js";
import { policyOfNow } from "../options.js";
import { compilePolicy } from "./compiled.js";
import { type Beginning, BOOT, type Launchable, makeLaunchable } from "./launchable.js";
import type { OwnPrepareOptions, PrepareOptions } from "./options.js";

/**
 * Makes a policy, as it is now, ready to launch under an id of its own. Four stages: parsed, gathered, compiled,
 * launchable.
 * @throws BulkheadError whatever a stage or the broker throws
 */
export async function prepare(
  given: Policy,
  options: OwnPrepareOptions,
  beginning: Beginning = BOOT,
): Promise<Launchable> {
  await beginTrace();
  return await makeLaunchable(await compilePolicy(policyOfNow(given), options), options, beginning);
}

/**
 * Compiles a policy now, without anything specific to one sandbox; opens its image if necessary.
 * @throws BulkheadError as {@link prepare}
 */
export async function planOfNow(policy: Policy, options: PrepareOptions): Promise<Plan> {
  const held = await compilePolicy(policy, options);
  held.pin?.[Symbol.dispose]();
  return held.compiled.plan;
}

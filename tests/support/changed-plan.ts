import type { Plan, Policy, PrepareOptions, Sandbox } from "bulkhead";
import { launch } from "../../packages/bulkhead/src/sandbox/launch.js";
import { compilePolicy } from "../../packages/bulkhead/src/sandbox/prepare/compiled.js";
import { BOOT, makeLaunchable } from "../../packages/bulkhead/src/sandbox/prepare/launchable.js";
import { sandboxOf } from "../../packages/bulkhead/src/sandbox/sandbox.js";

/** Makes a sandbox of a policy whose plan is changed before it is launched: what no policy can ask for. */
export async function createChanged(
  policy: Policy,
  change: (plan: Plan) => Plan,
  options: PrepareOptions = {},
): Promise<Sandbox> {
  const held = await compilePolicy(policy, options);
  const compiled = { ...held.compiled, plan: change(held.compiled.plan) };
  const launchable = await makeLaunchable({ ...held, compiled }, options, BOOT);
  return sandboxOf(await launch(launchable, options.signal), { policy: {}, vouched: true });
}

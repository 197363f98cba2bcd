import type { Level } from "../policy/level.js";
import type { Runtime, RuntimeContext } from "./runtime.js";
import { wardenDriver } from "./warden.js";

const own: Runtime = { missing: [], hostPlan: (workload) => workload, driver: wardenDriver };

/**
 * Finds the program that makes a level's wall. Looks for other programs and tries them, which may take seconds once;
 * the result is stored until the machine reboots.
 */
export async function runtimeFor(level: Level, context: RuntimeContext): Promise<Runtime> {
  switch (level) {
    case "chroot":
    case "container":
      return own;
    case "gvisor": {
      const { gvisorRuntime } = await import("./gvisor.js");
      return await gvisorRuntime(context.broker, { again: context.again ?? false });
    }
    case "microvm": {
      const { microvmRuntime } = await import("./microvm/runtime.js");
      return await microvmRuntime(context);
    }
  }
}

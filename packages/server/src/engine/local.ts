import { explain, Pool, run, Sandbox } from "bulkhead";
import type { Engine } from "./engine.js";

/** Sandboxes on this machine: through the system broker that BULKHEAD_BROKER names, else a private one. */
export const localEngine: Engine = {
  explain: async (policy) => await explain(policy),
  create: async (policy, options) => await Sandbox.create(policy, options),
  pool: async (policy, options) => await Pool.create(policy, options),
  run: async (policy, argv, options) => await run(argv, policy, options),
};

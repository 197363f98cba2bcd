import { realpathSync } from "node:fs";
import type { Broker } from "../broker/broker.js";
import { wardenPath } from "../host/locate.js";
import type { MissingRequirement } from "../host/missing.js";
import { gvisorDriver } from "./gvisor/driver.js";
import type { WorkingRunsc } from "./gvisor/found.js";
import { hostPlan } from "./gvisor/host-plan.js";
import { wallLimits } from "./gvisor/jail.js";
import { candidates } from "./gvisor/locate.js";
import { recall, remember, type Verdict } from "./gvisor/memory.js";
import { probe } from "./gvisor/probe.js";
import type { Runtime } from "./runtime.js";

const SETUP =
  "In a checkout `./bulkhead setup gvisor` (with Go 1.26 it builds a recent one, else it installs the distribution's), elsewhere put a statically linked `runsc` on the PATH (BULKHEAD_RUNSC names one).";

/** Level `gvisor`: gVisor's `runsc`, in a jail of the broker's, with our init as the only container's process. */
export async function gvisorRuntime(broker: Broker, { again = false } = {}): Promise<Runtime> {
  const found = await find(broker, again);
  if ("what" in found) return { missing: [found], hostPlan: (workload) => workload, driver: gvisorDriver };
  // The broker follows no links where it mounts something.
  const init = realpathSync(wardenPath());
  const by = `${found.version}, platform ${found.platform}`;
  const { counting } = found;
  return {
    missing: [],
    by,
    counting,
    wallLimits: (limits) => wallLimits(found, limits),
    hostPlan: (workload) => hostPlan(workload, found, init),
    driver: gvisorDriver,
  };
}

async function find(broker: Broker, again: boolean): Promise<WorkingRunsc | MissingRequirement> {
  if (!broker.facts.privileged) {
    return {
      what: "a broker that runs as root: files of several owners are served from a uid range",
      remedy: "Use a system broker (`warden broker --socket PATH --allow-uid UID`), or level container.",
    };
  }
  const paths = candidates();
  if (paths.length === 0) return { what: "`runsc`, the program of gVisor", remedy: SETUP };
  for (const path of paths) {
    const verdict = await verdictOn(path, broker, again);
    if (verdict !== null) return { path, ...verdict };
  }
  return {
    what: `a \`runsc\` that works here (tried ${paths.join(", ")}: not static, or no platform works)`,
    remedy: SETUP,
  };
}

const trying = new Map<string, Promise<Verdict | null>>();

/** Concurrent requests share one trial. */
async function verdictOn(path: string, broker: Broker, again: boolean): Promise<Verdict | null> {
  const known = again ? undefined : recall(path);
  if (known !== undefined) return known;
  const running = trying.get(path) ?? probe(path, broker);
  trying.set(path, running);
  try {
    const verdict = await running;
    // A failure may be temporary, so it is not stored.
    if (verdict !== null) remember(path, verdict);
    return verdict;
  } finally {
    trying.delete(path);
  }
}

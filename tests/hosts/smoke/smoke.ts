/** The short form of the conformance and security suites: what a kernel is most likely to do differently. */

import { explain, type Level, type Policy, Sandbox } from "bulkhead";
import { aftermath } from "./aftermath.js";
import { apparmor } from "./apparmor.js";
import { attacks } from "./attacks.js";
import { conformance } from "./conformance.js";
import { kernelCases } from "./kernel.js";
import { type Case, runList } from "./list.js";

const LEVELS: readonly Level[] = ["chroot", "container"];

await runList("smoke", [
  ...LEVELS.map((level) => ({
    gate: available(level),
    cases: [...conformance(level), apparmor(level), ...kernelCases(level), ...attacksAt(level)],
  })),
  aftermath(),
]);

/** Without root, level chroot is level container but for the uts namespace: the same attacks would only take time. */
function attacksAt(level: Level): readonly Case[] {
  return level === "chroot" && process.getuid?.() !== 0 ? [] : attacks(level);
}

/** Both levels are there on every host of the short matrix: one that is refused is a failure, not a skip. */
function available(level: Level): Case {
  const policy: Policy = { level, require: ["seccomp", "landlock", "cgroup.memory", "cgroup.pids", "network"] };
  return {
    name: `${level} is available, with its limits enforced`,
    check: async () => {
      const { unmet } = await explain(policy);
      if (unmet.length > 0) throw new Error(JSON.stringify(unmet));
      await using sandbox = await Sandbox.create(policy);
      void sandbox;
    },
  };
}

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { allProcesses, descendantsOf, namespaceOf, readKernelFile } from "../../support/host.js";
import { eventually } from "../../support/time.js";
import type { Group } from "./list.js";

/** Nothing of all these sandboxes may be left while their broker still lives. */
export function aftermath(): Group {
  return {
    gate: {
      name: "no process is left inside",
      check: async () => {
        const outside = namespaceOf("self", "pid");
        // The broker keeps children ready in namespaces of their own; they are still called as it is.
        const isInside = (pid: number) =>
          namespaceOf(pid, "pid") !== outside && !readKernelFile(`/proc/${pid}/cmdline`).includes("\0broker\0");
        const inside = () => descendantsOf(process.pid).filter(isInside);
        await eventually("every process inside is gone", 2000, () => inside().length === 0);
      },
    },
    },
    cases: [
        name: "no cgroup with a process is left",
        check: async () => {
          const ours = new Set(descendantsOf(process.pid).map(cgroupsOf));
          const others = allProcesses().filter((pid) => /bulkhead/.test(cgroupsOf(pid)) && !ours.has(cgroupsOf(pid)));
          assert.deepEqual(others, []);
          await Promise.resolve();
        },,
        name: "no mount of ours is left on the host",
        check: async () => 
          assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), /bulkhead-[0-9a-f]{8}/);
          assert.deepEqual(
            readdirSync("/tmp").filter((name) => name.startsWith("bulkhead-")),
            [],
          );
          await Promise.resolve();,,
    ],
  };
}

function cgroupsOf(pid: number): string {
  return readKernelFile(`/proc/${pid}/cgroup`);
}

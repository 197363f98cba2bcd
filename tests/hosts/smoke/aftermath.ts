import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { allProcesses, descendantsOf, namespaceOf, readKernelFile } from "../../support/host.js";
import { eventually } from "../../support/time.js";
import type { Case, Group } from "./list.js";

/** Nothing of all these sandboxes may be left while their broker still lives. */
export function aftermath(): Group {
  return { gate: processes, cases: [cgroups, mounts] };
}

const processes: Case = {
  name: "no process is left inside",
  check: async () => {
    const outside = namespaceOf("self", "pid");
    // The broker keeps children ready in namespaces of their own; they are still called as it is.
    const isInside = (pid: number) =>
      namespaceOf(pid, "pid") !== outside && !readKernelFile(`/proc/${pid}/cmdline`).includes("\0broker\0");
    await eventually("every process inside is gone", 2000, () => !descendantsOf(process.pid).some(isInside));
  },
};

const cgroups: Case = {
  name: "no process but the broker's own is in a cgroup that Bulkhead created",
  check: () => {
    const ours = new Set(descendantsOf(process.pid));
    const inOurs = allProcesses().filter((pid) => readKernelFile(`/proc/${pid}/cgroup`).includes("bulkhead-"));
    assert.deepEqual(
      inOurs.filter((pid) => !ours.has(pid)),
      [],
    );
  },
};

const mounts: Case = {
  name: "no mount and no temporary file is left",
  check: () => {
    assert.doesNotMatch(readKernelFile("/proc/self/mountinfo"), /bulkhead-[0-9a-f]{8}/);
    assert.deepEqual(
      // The machine itself shows its runner's folder.
      readdirSync("/tmp").filter((name) => name.startsWith("bulkhead-") && !name.startsWith("bulkhead-hosts-")),
      [],
    );
  },
};

import type { Facts } from "../../host/facts.js";
import type { ResolvedResources } from "../../policy/resolved.js";
import type { Cgroup, Limits, Plan } from "../schema.js";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Sets every limit that the host supports by cgroup; a launch that cannot set one is refused. */
export function cgroupFor(facts: Facts): Cgroup {
  const { version, controllers } = facts.cgroup;
  if (version === 0) return { version, controllers: [] };
  return { version, controllers: (["memory", "pids", "cpu"] as const).filter((name) => controllers.includes(name)) };
}

export function limitsFor(resources: ResolvedResources, cgroup: Cgroup): Limits {
  const { memoryBytes, pids, milliCpus, openFiles } = resources;
  return {
    memoryBytes,
    pids,
    milliCpus,
    openFiles,
    // Each in-memory file system has its own size, reports ENOSPC, and permits a sparse file of any length.
    // RLIMIT_FSIZE reports by a signal that kills (docs/decisions), and ignoring that does not help: Node and Python
    // restore it in their children.
    fileBytes: null,
    // Locked memory is charged to the memory cgroup like any other; without a cgroup it would pin the host's.
    lockedBytes: 8 * MIB,
    addressSpaceBytes: cgroup.controllers.includes("memory") ? null : addressSpace(memoryBytes),
    processes: cgroup.controllers.includes("pids") ? null : pids,
  };
}

/** The limits that programs inside see, whatever enforces them: programs size heaps and pools by them. */
export function advertisedFor({ memoryBytes, pids, milliCpus }: ResolvedResources): Plan["advertised"] {
  return { memoryBytes, pids, milliCpus };
}

/**
 * RLIMIT_AS counts reserved memory, and runtimes such as V8 reserve a gigabyte before they use any of it. So it is well
 * above `memory`: it stops one runaway process, and the enforcement table says that it does no more.
 */
function addressSpace(memoryBytes: number): number {
  return memoryBytes * 2 + 2 * GIB;
}

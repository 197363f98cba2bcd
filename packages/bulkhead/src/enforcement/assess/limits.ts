import type { HostReport } from "../../host/report.js";
import { formatSize } from "../../policy/units.js";
import { cannot, enforced, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** How much of each resource the workload can use. */
export const limits = assessors({
  "cgroup.memory": ({ cgroup, limits: { memoryBytes, addressSpaceBytes } }, host) =>
    cgroup.controllers.includes("memory")
      ? enforced(`cgroup v${cgroup.version}: ${formatSize(memoryBytes)} for everything inside together, swap included`)
      : weaker(
          `RLIMIT_AS ${formatSize(addressSpaceBytes ?? 0)} for each process separately`,
          whyNot(host),
          remedyOf(host),
        ),
  "cgroup.pids": ({ cgroup, limits: { pids } }, host) =>
    cgroup.controllers.includes("pids")
      ? enforced(`cgroup v${cgroup.version}: ${pids} processes and threads`)
      : weaker(`RLIMIT_NPROC ${pids}, counted by uid`, whyNot(host), remedyOf(host)),
  "cgroup.cpu": ({ cgroup, limits: { milliCpus } }, host) =>
    cgroup.controllers.includes("cpu")
      ? enforced(`cgroup v${cgroup.version}: ${milliCpus / 1000} processors' worth of time`)
      : cannot(whyNot(host), remedyOf(host)),
  "disk-limit": ({ mounts }) => {
    const bound = "in-memory file systems with a fixed size and a fixed number of files";
    return mounts.some((mount) => mount.kind === "bind" && !mount.readOnly)
      ? weaker(
          bound,
          "a writable host directory can grow to fill the host's file system",
          "Mount the directory read-only, or put a quota on it.",
        )
      : enforced(bound);
  },
  rlimits: ({ limits: { openFiles } }) =>
    enforced(`${openFiles} open files, no core dumps, no message queues, little locked memory`),
});

function whyNot({ facts }: HostReport): string {
  return facts.cgroup.why ?? "the broker has no cgroup with this controller";
}

function remedyOf({ facts }: HostReport): string {
  if (facts.privileged) return "Mount the controller, and let the broker's own cgroup use it.";
  return "Use a broker that runs as root, or run in a delegated cgroup (`systemd-run --user --scope -p Delegate=yes …`).";
}

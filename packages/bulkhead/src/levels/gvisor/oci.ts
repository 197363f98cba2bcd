import type { Counting } from "../../host/report.js";
import { hasEgress } from "../../plan/connections.js";
import type { Mount, Plan } from "../../plan/schema.js";
import { INIT, INNER, ROOT } from "./layout.js";
import type { Separate } from "./separate.js";

/**
 * Capabilities that init needs to become the workload's user and to end its processes, and two to limit their number,
 * which it drops before it serves. They exist only in the Sentry: outside they have no effect.
 */
const INIT_CAPABILITIES = ["SETUID", "SETGID", "KILL", "SETPCAP", "SYS_ADMIN", "DAC_OVERRIDE"];

/** The workload's configuration for `runsc`, according to the OCI runtime specification. */
export function ociConfig(workload: Plan, separate: readonly Separate[]): object {
  const { limits, hostname } = workload;
  const capabilities = [...new Set([...INIT_CAPABILITIES, ...workload.capabilities])].map((name) => `CAP_${name}`);
  return {
    ociVersion: "1.0.2",
    process: {
      // Init itself becomes another user before it does anything else.
      user: { uid: 0, gid: 0 },
      args: [INIT, ...connectionsOf(workload), "--inner-file", INNER],
      // Readable inside, so it is empty.
      env: [],
      cwd: "/",
      noNewPrivileges: true,
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: capabilities,
        ambient: capabilities,
      },
      rlimits: [
        rlimit("RLIMIT_NOFILE", Math.max(limits.openFiles, 4096)),
        rlimit("RLIMIT_MEMLOCK", limits.lockedBytes),
        // For each user. Beside a cgroup inside, a second limit.
        rlimit("RLIMIT_NPROC", limits.pids),
        rlimit("RLIMIT_CORE", 0),
      ],
    },
    // The broker has already mounted it read-only: with `readonly`, runsc would make everything below the root
    // read-only, too.
    root: { path: ROOT, readonly: false },
    hostname,
    mounts: [...kernelMounts(workload.mounts), ...separate.map(bindMount)],
    linux: {
      namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
    },
  };
}

/** The connections that init uses, in the order in which the jail passes them to `runsc`. */
function connectionsOf(workload: Plan): readonly string[] {
  return hasEgress(workload) ? ["--channel", "0", "--egress", "1"] : ["--channel", "stdio"];
}

/** The orders that the broker gives init at level container, and that init carries out itself here. */
export function innerPlan({ user, capabilities, limits, seccomp, advertised }: Plan, counting: Counting): object {
  // The Sentry has no audit log, and refuses the flag for it.
  const profile = typeof seccomp.profile === "string" ? seccomp.profile : { ...seccomp.profile, log: false };
  const sentry = { seccomp: { ...seccomp, profile }, pids: limits.pids, counting, advertised };
  return { user, switchesUser: true, capabilities, openFiles: limits.openFiles, sentry };
}

/** The kernel's own trees are the Sentry's; everything else is already part of the root. */
function kernelMounts(mounts: readonly Mount[]): readonly object[] {
  return mounts.flatMap((mount) => {
    switch (mount.kind) {
      case "proc":
        return [{ destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec", "ro"] }];
      case "sys":
        return [{ destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "nodev", "noexec", "ro"] }];
      case "dev":
        return [{ destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "noexec", "mode=755"] }];
      default:
        return [];
    }
  });
}

/** `runsc` serves it through a separate connection, with the attributes of a mount. */
function bindMount({ at, source, readOnly, exec }: Separate): object {
  const options = ["rbind", readOnly ? "ro" : "rw", "nosuid", "nodev", ...(exec ? [] : ["noexec"])];
  return { destination: at, type: "bind", source, options };
}

function rlimit(type: string, value: number): object {
  return { type, soft: value, hard: value };
}

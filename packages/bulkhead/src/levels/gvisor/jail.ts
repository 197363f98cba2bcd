import { EGRESS, GRANTABLE } from "../../contract/generated/plan-constants.js";
import { FILES_OF_RUNSC } from "../../plan/compile/ceilings.js";
import type { Cgroup, Mount, Plan, Program } from "../../plan/schema.js";
import type { WorkloadLimits } from "../runtime.js";
import type { Platform, WorkingRunsc } from "./found.js";
import { BUNDLE, ROOT, RUNSC, STATE } from "./layout.js";

const MIB = 1024 * 1024;

/** Memory of Sentry, gofer and `runsc` itself, besides the workload's. */
const OVERHEAD_BYTES = 128 * MIB;
/** Threads of those three. */
const OVERHEAD_PIDS = 192;
/** Limit of any plan. */
const MOST_PIDS = 4_194_304;
const MOST_FILES = 1_048_576;
/**
 * Each address space of the workload is a process of the Sentry's with a few threads; a traced one has more, and
 * without them the Sentry ends.
 */
const PIDS_FOR_EACH: Readonly<Record<Platform, number>> = { systrap: 3, kvm: 3, ptrace: 8 };

/**
 * In its user namespace, which contains no other process: to create namespaces for Sentry and gofer, and to serve files
 * of several owners. Sentry and gofer drop what they do not need.
 */
const CAPABILITIES = [...GRANTABLE, "SYS_ADMIN", "SYS_PTRACE"].toSorted();

/** The workload's additions to the jail. */
export interface Contents {
  /** At or below `ROOT`. */
  readonly mounts: readonly Mount[];
  readonly config: object;
  /** The workload writes to a host directory. */
  readonly writesHost: boolean;
  /** Its egress has a separate connection. */
  readonly egress: boolean;
}

/** The parts of the workload's own plan that the jail shares. */
export type Shared = Pick<Plan, "id" | "hostname" | "namespaces" | "limits" | "advertised">;

/**
 * The plan that `runsc` runs under: an empty root with `runsc` and the workload's tree, no network, its own uid range
 * and namespaces, the Sentry's seccomp profile, and limits with room for itself. Without Landlock, which would refuse
 * the mounts that `runsc` sets up for its own processes.
 */
export function jailOf(found: WorkingRunsc, shared: Shared, cgroup: Cgroup, contents: Contents): Plan {
  const { limits } = shared;
  return {
    version: 1,
    id: shared.id,
    level: "gvisor",
    hostname: shared.hostname,
    namespaces: shared.namespaces,
    user: { uid: 0, gid: 0, groups: [] },
    root: { source: { kind: "empty", sizeBytes: 4 * MIB }, readOnly: true, overlay: null },
    mounts: [
      { kind: "proc", at: "/proc", writable: true },
      { kind: "dev", at: "/dev", shmBytes: 4096, mqueue: false },
      ...(found.platform === "kvm" ? [{ kind: "device" as const, path: "/dev/kvm" as const, at: "/dev/kvm" }] : []),
      scratch("/tmp"),
      scratch(STATE),
      { kind: "bind", source: found.path, at: RUNSC, readOnly: true, exec: true, owner: null },
      { kind: "file", at: `${BUNDLE}/config.json`, content: JSON.stringify(contents.config) },
      ...contents.mounts,
    ],
    limits: {
      ...limits,
      ...wallLimits(found, limits),
      // Including the workload's, because the gofer opens them.
      openFiles: Math.min(MOST_FILES, Math.max(65_536, limits.openFiles + FILES_OF_RUNSC)),
      // The workload's memory is one file of the Sentry's; its own files are bounded by their file system.
      fileBytes: null,
      addressSpaceBytes: null,
      processes: null,
    },
    // `runsc` derives the workload's resources from the /proc/meminfo of its jail, and from the processors that it may
    // run on. Without a cgroup of its own inside, it is older: the one of 2022 exits at its start in such a jail.
    advertised: found.counting === "cgroup2" ? shared.advertised : null,
    cgroup,
    seccomp: { profile: "sentry", denySetid: contents.writesHost, unixSocketsOnly: false, whiteouts: false },
    landlock: null,
    capabilities: [...CAPABILITIES],
    apparmor: null,
    selinux: null,
    reservedAddresses: false,
    payload: program(found, contents.egress),
    inner: null,
  };
}

/** The limits of the Sentry with everything it serves. */
export function wallLimits(
  { platform }: Pick<WorkingRunsc, "platform">,
  { memoryBytes, pids, milliCpus }: WorkloadLimits,
): WorkloadLimits {
  return {
    memoryBytes: memoryBytes + OVERHEAD_BYTES,
    pids: Math.min(MOST_PIDS, pids * PIDS_FOR_EACH[platform] + OVERHEAD_PIDS),
    milliCpus,
  };
}

/** `runsc` passes descriptors 0, 1 and 2 on: one socket twice, or two sockets. */
function program(found: WorkingRunsc, egress: boolean): Program {
  return {
    kind: "program",
    path: RUNSC,
    argv: [
      "runsc",
      `--root=${STATE}`,
      `--platform=${found.platform}`,
      "--network=none",
      // The broker sets limits from outside, around all of it.
      "--ignore-cgroups",
      // The cgroup version inside whose process limit holds.
      ...(found.counting === "cgroup2" ? ["--in-sandbox-cgroup=v2"] : []),
      // The gofer opens files, not the Sentry; and `runsc` adds no layer over the root.
      ...(found.directfs ? ["--directfs=false", "--overlay2=none"] : []),
      "run",
      `--bundle=${BUNDLE}`,
      "sandbox",
    ],
    env: {},
    channel: egress ? 0 : "stdio",
    descriptors: egress ? [{ kind: "attached", fd: 1, name: EGRESS }] : [],
  };
}

function scratch(at: string): Mount {
  return { kind: "tmpfs", at, sizeBytes: 4 * MIB, inodes: 256, mode: 0o700, uid: 0, gid: 0, exec: false };
}

/** Path in the jail of something in the workload's root. */
export function inRoot(at: string): string {
  return `${ROOT}${at}`;
}

import { EGRESS } from "../../contract/generated/plan-constants.js";
import type { Facts } from "../../host/facts.js";
import { usableAbi } from "../../host/landlock.js";
import { namespacesFor } from "../../plan/compile/confinement.js";
import { kernelViews } from "../../plan/compile/kernel-views.js";
import { cgroupFor } from "../../plan/compile/limits.js";
import type { Mount, Plan } from "../../plan/schema.js";
import type { WorkloadLimits } from "../runtime.js";
import { CHANNEL_FD, CONNECTIONS, fdOf, INITRAMFS, imageAt, KERNEL, type Machine } from "./machine.js";
import type { JailFile } from "./program-files.js";

const MIB = 1024 * 1024;

/** An id of the jail's own range, which no user of the host has. */
const MONITOR = { uid: 1000, gid: 1000, groups: [] } as const;

/** A monitor, and its needs besides the machine. */
export interface Monitor {
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Host files that it opens, besides the machine's. */
  readonly files: readonly JailFile[];
  /** Small files that the plan itself contains. */
  readonly texts?: readonly { readonly at: string; readonly content: string }[];
  /** Host devices. */
  readonly devices: readonly Extract<Mount, { kind: "device" }>["path"][];
  readonly seccomp: Plan["seccomp"]["profile"];
  /** Memory of the jail beyond the guest's own. */
  readonly overheadMib: number;
  /** Size of its in-memory scratch directory, the only place it writes to. */
  readonly scratchBytes: number;
}

/** The parts of a workload's plan that the jail uses. */
export interface Jailed {
  readonly id: string;
  readonly milliCpus: number;
  /** Orders for the guest's supervisor; null: none, it only boots. */
  readonly inner: Plan["inner"];
}

/** The monitor's limits, which include the guest's memory. */
export function wallLimits(
  milliCpus: number,
  machine: Pick<Machine, "memoryMib" | "cpus">,
  monitor: Pick<Monitor, "overheadMib" | "scratchBytes">,
): WorkloadLimits {
  return {
    memoryBytes: (machine.memoryMib + monitor.overheadMib) * MIB + monitor.scratchBytes,
    // Threads: one for each processor, the main loop, and a pool for disks.
    pids: 64 + machine.cpus,
    milliCpus,
  };
}

/**
 * The plan of a monitor's jail: a `container` with less in it. Its root contains only the files that the monitor opens,
 * all read-only; it has an empty network, no capabilities, its own seccomp filter, and no access to the workload's
 * limits. Pure.
 */
export function jailPlan({ id, milliCpus, inner }: Jailed, machine: Machine, monitor: Monitor, host: Facts): Plan {
  const namespaces = namespacesFor("microvm", host);
  const cgroup = cgroupFor(host);
  const { memoryBytes, pids } = wallLimits(milliCpus, machine, monitor);
  const mounts: readonly Mount[] = [
    ...[...monitor.files, ...machineFiles(machine)].map(({ source, at }) => readOnly(source, at)),
    ...(monitor.texts ?? []).map(({ at, content }): Mount => ({ kind: "file", at, content })),
    ...kernelViews(4096),
    ...monitor.devices.map((path): Mount => ({ kind: "device", path, at: path })),
    ...(monitor.scratchBytes === 0 ? [] : [scratch(monitor.scratchBytes)]),
  ];
  return {
    version: 1,
    id,
    level: "microvm",
    hostname: "monitor",
    namespaces,
    user: MONITOR,
    root: { source: { kind: "empty", sizeBytes: 4 * MIB }, readOnly: true, overlay: null },
    mounts,
    limits: {
      memoryBytes,
      pids,
      milliCpus,
      openFiles: 256,
      fileBytes: monitor.scratchBytes,
      lockedBytes: 8 * MIB,
      addressSpaceBytes: cgroup.controllers.includes("memory") ? null : memoryBytes * 2 + 2048 * MIB,
      processes: cgroup.controllers.includes("pids") ? null : pids,
    },
    // The guest advertises its own; a monitor does not size anything by these.
    advertised: null,
    cgroup,
    seccomp: {
      profile: monitor.seccomp,
      denySetid: false,
      whiteouts: false,
      unixSocketsOnly: !namespaces.includes("net"),
    },
    landlock: landlock(monitor, host),
    capabilities: [],
    apparmor: null,
    selinux: null,
    reservedAddresses: false,
    payload: {
      kind: "program",
      path: monitor.path,
      argv: [...monitor.argv],
      env: { ...monitor.env },
      channel: CHANNEL_FD,
      descriptors: [...CONNECTIONS, ...(machine.egress === true ? [EGRESS] : [])].map((name) => ({
        kind: "attached" as const,
        fd: fdOf(name),
        name,
      })),
    },
    inner,
  };
}

function machineFiles({ kernel, initramfs, images }: Machine) {
  return [
    { source: kernel, at: KERNEL },
    { source: initramfs, at: INITRAMFS },
    ...images.map((source, index) => ({ source, at: imageAt(index) })),
  ];
}

/** A file that is closed to others, as everything in a store is, is mapped to the monitor's user. */
function readOnly(source: string, at: string): Mount {
  return { kind: "bind", source, at, readOnly: true, exec: true, owner: null };
}

function scratch(sizeBytes: number): Mount {
  return {
    kind: "tmpfs",
    at: "/scratch",
    sizeBytes,
    inodes: 256,
    mode: 0o700,
    uid: MONITOR.uid,
    gid: MONITOR.gid,
    exec: false,
  };
}

/** It writes only to its scratch directory. */
function landlock({ scratchBytes }: Monitor, { landlockAbi }: Facts): Plan["landlock"] {
  const abi = usableAbi(landlockAbi);
  if (abi === 0) return null;
  return {
    abi,
    writable: scratchBytes === 0 ? [] : ["/scratch"],
    whiteouts: false,
    access: null,
    tcp: null,
    queues: false,
    sockets: [],
  };
}

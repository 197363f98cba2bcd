import type { Facts } from "../../src/host/facts.js";
import type { HostReport } from "../../src/host/report.js";

/** A host that has everything, with a broker that runs as root for a root caller. */
export const FULL_FACTS: Facts = {
  kernel: "6.12.0-test",
  uid: 0,
  privileged: true,
  callerUid: 0,
  callerGid: 0,
  namespaces: ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"],
  userns: { works: true, errno: null, apparmorRestricted: null, unprivilegedClone: null, maximum: 65_536 },
  cgroup: {
    layout: "v2",
    version: 2,
    controllers: ["memory", "pids", "cpu", "freezer"],
    parent: "/sys/fs/cgroup/x",
    why: null,
  },
  seccompActions: ["kill_process", "kill_thread", "trap", "errno", "user_notif", "trace", "log", "allow"],
  landlockAbi: 6,
  apparmor: true,
  selinux: false,
  ceilings: {
    openFiles: 1_048_576,
    processes: null,
    addressSpaceBytes: null,
    memoryBytes: 16 * 1024 ** 3,
    processors: 8,
  },
  newMountApi: true,
};

/** That host, but for what the test is about. */
export function hostWith(changes: Partial<Facts> = {}): HostReport {
  return { facts: { ...FULL_FACTS, ...changes }, architecture: "x64", tried: {} };
}

/** An unprivileged caller with a broker of their own, without cgroups. */
export function rootlessHost(changes: Partial<Facts> = {}): HostReport {
  const cgroup = { layout: "v2", version: 0, controllers: [], parent: null, why: "no delegated cgroup" } as const;
  return hostWith({ uid: 1000, privileged: false, callerUid: 1000, callerGid: 1000, cgroup, ...changes });
}

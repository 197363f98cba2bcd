import { defaults, type MachineSettings } from "./machine/settings.js";
import type { MonitorName } from "./monitor-files.js";
import type { SuiteName } from "./suites.js";

/** One host: a machine, and the suite that it has to pass. */
export interface Host {
  readonly name: string;
  /** What can only be seen there. */
  readonly why: string;
  readonly settings: MachineSettings;
  readonly suite: SuiteName;
  /** The only virtual machine monitor there. */
  readonly monitor?: MonitorName;
}

const full = "full" satisfies SuiteName;
const refusal = "refusal" satisfies SuiteName;

/** Each line says how a host differs from Debian 12 as installed (6.1, cgroup v2, AppArmor on), used by root. */
export const matrix: readonly Host[] = [
  host("bookworm", full, {}, "what most servers are"),
  host("bookworm-user", full, { user: "dev" }, "rootless, with delegated cgroups"),
  host("trixie", full, { kernel: "trixie" }, "6.12: no memory controller of cgroup v1, tmpfs can be idmapped"),
  host("sid", full, { kernel: "sid" }, "the newest kernel, and with it Landlock's newest ABI"),
  host("sid-user", full, { kernel: "sid", user: "dev" }, "rootless on the newest kernel, with syscalls yet unknown"),
  host(
    "userns-restricted",
    refusal,
    { user: "dev", usernsRestrict: true },
    "users have no way: must refuse and say why",
  ),
  host("no-apparmor", full, { apparmor: false }, "no major LSM"),
  host("cgroup-v1", full, { cgroup: "v1" }, "one hierarchy per controller"),
  host("hybrid", full, { cgroup: "hybrid" }, "controllers on v1, and an empty v2 mount"),
  withKvm("qemu-kvm", "microVMs of QEMU with a KVM that works"),
  withKvm("firecracker", "microVMs of the Firecracker that BULKHEAD_FIRECRACKER names"),
];

/** What CI runs: cgroup v2 as root and as an unprivileged user. */
export const shortMatrix: readonly Host[] = matrix
  .filter(({ name }) => name === "bookworm" || name === "bookworm-user")
  .map(shortened);

/** The same host, with the short list instead of the whole suites. */
export function shortened(host: Host): Host {
  return host.suite === "full" ? { ...host, suite: "smoke" } : host;
}

function withKvm(monitor: MonitorName, why: string): Host {
  return { ...host(monitor, "microvm", { kvm: true, memory: "6G" }, why), monitor };
}

function host(name: string, suite: SuiteName, settings: Partial<MachineSettings>, why: string): Host {
  return { name, why, suite, settings: { ...defaults, ...settings } };
}

import { readdirSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { namespaceOf, readKernelFile } from "../../support/host.js";

/** Settings that are the same for the whole machine, or would be if something got out. */
const SETTINGS = [
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/kernel/modprobe",
  "/proc/sys/kernel/hostname",
  "/proc/sys/kernel/domainname",
  "/proc/sys/kernel/sysrq",
  "/proc/sys/kernel/panic",
  "/proc/sys/kernel/randomize_va_space",
  "/proc/sys/kernel/dmesg_restrict",
  "/proc/sys/kernel/msgmax",
  "/proc/sys/kernel/shmmax",
  "/proc/sys/vm/overcommit_memory",
  "/proc/sys/vm/drop_caches",
  "/proc/sys/vm/mmap_min_addr",
  "/proc/sys/fs/suid_dumpable",
  "/proc/sys/fs/protected_symlinks",
  "/proc/sys/fs/binfmt_misc/status",
  "/proc/sys/net/ipv4/ip_forward",
  "/proc/sys/net/core/somaxconn",
  "/sys/kernel/uevent_helper",
  "/sys/kernel/mm/transparent_hugepage/enabled",
  "/sys/kernel/profiling",
] as const;

/** Of one process of the host: what another's interference would show in. */
function interferenceWith(pid: number): string {
  // That it sleeps right now proves nothing; that it is stopped or dead would.
  const status = readKernelFile(`/proc/${pid}/status`).replace(/^State:\t[RSD] .*$/m, "State:\tlives");
  const wanted = /^(State|TracerPid|Uid|Gid|Cpus_allowed):.*$/gm;
  const stat = readKernelFile(`/proc/${pid}/stat`)
    .replace(/^.*\) /, "")
    .split(" ");
  const [priority, nice] = [stat[15], stat[16]];
  return JSON.stringify([status.match(wanted), priority, nice, readKernelFile(`/proc/${pid}/limits`)]);
}

/** The state of this host as far as an escape would show in it. */
export class HostFacts {
  private constructor(private readonly facts: ReadonlyMap<string, string>) {}

  static now(victim: number): HostFacts {
    const facts = new Map<string, string>(SETTINGS.map((path) => [path, readKernelFile(path)]));
    facts.set("host name", hostname());
    facts.set("interfaces", Object.keys(networkInterfaces()).sort().join(" "));
    facts.set("devices of the network", readdirSync("/sys/class/net").sort().join(" "));
    facts.set("modules", readKernelFile("/proc/modules").replace(/^(\S+) .*$/gm, "$1"));
    facts.set("swap", readKernelFile("/proc/swaps"));
    facts.set("mounts", readKernelFile("/proc/self/mountinfo"));
    facts.set("own control groups", readKernelFile("/proc/self/cgroup"));
    facts.set(
      "own namespaces",
      ["mnt", "pid", "net", "ipc", "uts", "user"].map((kind) => namespaceOf("self", kind)).join(),
    );
    facts.set("the process of the host", interferenceWith(victim));
    // Only what the probe itself would have made: other programs on this machine come and go.
    facts.set("keys", String(/bulkhead-canary/.test(readKernelFile("/proc/keys"))));
    facts.set("SysV segments", String(readKernelFile("/proc/sysvipc/shm").includes("1651862635")));
    // The clock of the wall against the one that nobody can set, to the nearest ten seconds.
    facts.set("clock", String(Math.round((Date.now() - performance.timeOrigin - performance.now()) / 10_000)));
    return new HostFacts(facts);
  }

  /** Throws for the first fact that is not the same in `now`. */
  assertSame(now: HostFacts): void {
    for (const [what, before] of this.facts) {
      const after = now.facts.get(what);
      if (after !== before) throw new Error(`on the host, ${what} was ${before} and is ${after}`);
    }
  }
}

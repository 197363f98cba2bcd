import type { MissingRequirement } from "./missing.js";
import type { HostReport } from "./report.js";
import { containerRemedy } from "./surroundings.js";

const OLDEST_KERNEL = [5, 13] as const;

/** Requirements of every level that this host lacks. */
export function missingForAnyLevel({ facts, architecture }: HostReport): readonly MissingRequirement[] {
  const missing: MissingRequirement[] = [];
  if (architecture !== "x64" && architecture !== "arm64") {
    missing.push({ what: `a seccomp profile for ${architecture}`, remedy: "Use an x86-64 or aarch64 machine." });
  }
  if (!isKernelAtLeast(facts.kernel, ...OLDEST_KERNEL) || !facts.newMountApi) {
    missing.push({
      what: `the mount API of Linux ${OLDEST_KERNEL.join(".")} (this is ${facts.kernel})`,
      remedy: "Boot a newer kernel; if this one is new enough, an outer container's seccomp filter hides the calls.",
    });
  }
  if (!["kill_process", "errno"].every((action) => facts.seccompActions.includes(action))) {
    missing.push({ what: "seccomp filters", remedy: "Boot a kernel with CONFIG_SECCOMP_FILTER." });
  }
  for (const name of ["mnt", "pid", "ipc"]) {
    if (!facts.namespaces.includes(name)) {
      missing.push({ what: `${name} namespaces`, remedy: "Boot a kernel with CONFIG_NAMESPACES and its parts." });
    }
  }
  return missing;
}

/** Why user namespaces do not work here, or a sandbox in one could have no /proc; empty if they do. */
export function missingUserNamespaces(host: HostReport): readonly MissingRequirement[] {
  const { facts, coveredProc = [], surroundings } = host;
  const { userns } = facts;
  if (userns.works) return coveredProc.length === 0 ? [] : [missingProc(coveredProc, surroundings)];
  const what = "user namespaces";
  if (!facts.namespaces.includes("user")) return [{ what, remedy: "Boot a kernel with CONFIG_USER_NS." }];
  if (userns.maximum === 0) return [{ what, remedy: "`sysctl user.max_user_namespaces=65536`, as root." }];
  if (userns.unprivilegedClone === false)
    return [{ what, remedy: "`sysctl kernel.unprivileged_userns_clone=1`, as root." }];
  if (userns.apparmorRestricted === true) {
    return [
      {
        what: "user namespaces with capabilities in them (AppArmor restricts them for programs without a profile)",
        remedy:
          "Use a broker that runs as root (`warden broker --socket PATH --allow-uid UID`), or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, as root.",
      },
    ];
  }
  const where = surroundings?.[0]?.kind ?? "an outer container";
  return [{ what: `${what}, which ${where} or its seccomp filter forbids`, remedy: containerRemedy(surroundings) }];
}

const MOST_NAMED = 3;

function missingProc(covering: readonly string[], found: HostReport["surroundings"]): MissingRequirement {
  const named = covering.slice(0, MOST_NAMED).join(", ");
  return {
    what: `a /proc of its own for each sandbox (an outer container covers ${named}${covering.length > MOST_NAMED ? ", …" : ""})`,
    remedy: containerRemedy(found),
  };
}

/** Compares the release from `uname -r`; text that is not a version counts as older than any. */
export function isKernelAtLeast(release: string, major: number, minor: number): boolean {
  const match = /^(\d+)\.(\d+)/.exec(release);
  if (match === null) return false;
  const [, ownMajor, ownMinor] = match.map(Number) as [number, number, number];
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

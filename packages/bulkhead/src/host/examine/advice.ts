import type { MissingRequirement } from "../missing.js";
import type { HostReport } from "../report.js";
import { isKernelAtLeast, missingForAnyLevel, missingUserNamespaces } from "../requirements.js";

/** Improvements that would make sandboxes on this host stronger, most important first. */
export function adviceFor(host: HostReport): readonly MissingRequirement[] {
  return [
    ...missingForAnyLevel(host),
    ...missingUserNamespaces(host),
    ...privilege(host),
    ...cgroups(host),
    ...landlock(host),
    ...apparmor(host),
    ...runsc(host),
  ];
}

function privilege({ facts }: HostReport): readonly MissingRequirement[] {
  if (facts.privileged) return [];
  return [
    {
      what: "a uid range of its own for each sandbox (the broker is not root)",
      remedy:
        "Run a system broker as root: `warden broker --socket PATH --allow-uid UID`, and set BULKHEAD_BROKER=PATH.",
    },
  ];
}

function cgroups({ facts }: HostReport): readonly MissingRequirement[] {
  const { version, controllers, why } = facts.cgroup;
  const lacking = ["memory", "pids", "cpu"].filter((name) => version === 0 || !controllers.includes(name));
  if (lacking.length === 0) return [];
  const remedy = facts.privileged
    ? "Let the broker run in a cgroup that may have children with these controllers."
    : "Delegate a cgroup (`systemd-run --user --scope -p Delegate=yes …`), or use a broker that runs as root.";
  return [{ what: `limits by cgroup for ${lacking.join(", ")}${why === null ? "" : ` (${why})`}`, remedy }];
}

function landlock({ facts }: HostReport): readonly MissingRequirement[] {
  if (facts.landlockAbi >= 3) return [];
  const what =
    facts.landlockAbi === 0 ? "Landlock" : `Landlock's rule for truncation (ABI 3; this is ${facts.landlockAbi})`;
  const remedy = isKernelAtLeast(facts.kernel, 6, 2)
    ? "Boot with `landlock` in the lsm= parameter."
    : "Boot Linux 6.2 or later.";
  return [{ what, remedy }];
}

function apparmor({ facts }: HostReport): readonly MissingRequirement[] {
  if (facts.apparmor) return [];
  return [{ what: "AppArmor", remedy: "Boot a kernel that has it, with `apparmor` in the lsm= parameter." }];
}

/** Where level gvisor works through the distribution's runsc. */
function runsc({ counting }: HostReport): readonly MissingRequirement[] {
  if (counting === undefined || counting === "cgroup2") return [];
  const less =
    counting === "rlimit" ? "this one counts processes by user" : "this one is slower, and shows more in /proc";
  return [
    {
      what: `a \`runsc\` of July 2026 or later (${less})`,
      remedy: "In a checkout `./bulkhead setup gvisor` builds one where there is Go 1.26 or later.",
    },
  ];
}

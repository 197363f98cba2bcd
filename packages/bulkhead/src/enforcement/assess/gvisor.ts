import type { Plan } from "../../plan/schema.js";
import { formatSize } from "../../policy/units.js";
import { cannot, enforced, type Verdict, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

type Namespace = Plan["namespaces"][number];

/** The Sentry's own namespace, and the host namespace around the Sentry where the plan has one. */
function twice(name: Namespace): (plan: Plan) => Verdict {
  return ({ namespaces }) =>
    namespaces.includes(name)
      ? enforced(`the Sentry's own, inside a separate host namespace`)
      : enforced("the Sentry's own");
}

/** Level gvisor: the differences from the levels that share the host's kernel. */
export const gvisor = assessors({
  "uid-range": () =>
    enforced(
      "ids inside are the Sentry's; it and its gofer run in a range of 65,536 host uids that no other sandbox or user has",
    ),
  capabilities: ({ capabilities }) =>
    capabilities.length === 0
      ? enforced("the Sentry grants none; it and its gofer hold a few in their own user namespace only")
      : weaker(
          `the Sentry drops all but ${capabilities.join(", ")}`,
          "the policy grants them to the workload, within its Sentry",
          "Leave `capabilities` out of the policy.",
        ),
  "no-new-privs": () => enforced("by the Sentry, and PR_SET_NO_NEW_PRIVS around it"),
  seccomp: ({ seccomp }) =>
    enforced(
      `profile ${typeof seccomp.profile === "string" ? seccomp.profile : "of the policy, above Bulkhead's floor"}, enforced by the Sentry; it and its gofer run under profile sentry and stricter filters of their own`,
    ),
  landlock: () =>
    cannot(
      "runsc's processes set up mounts, which Landlock would refuse; the Sentry does not implement Landlock",
      "Use level container.",
    ),
  apparmor: () =>
    cannot("an AppArmor profile for the workload does not fit runsc's own processes", "Use level container."),
  selinux: () => cannot("an SELinux label for the workload does not fit runsc's own processes", "Use level container."),
  "namespace.user": twice("user"),
  "namespace.mount": twice("mount"),
  "namespace.pid": twice("pid"),
  "namespace.ipc": twice("ipc"),
  "namespace.net": twice("net"),
  "namespace.uts": twice("uts"),
  "namespace.cgroup": twice("cgroup"),
  "read-only-root": ({ root }) =>
    root.readOnly
      ? enforced("the broker mounts it read-only, so the gofer cannot write to it either")
      : weaker(
          "writes go to a layer in memory",
          "the policy asks for a writable root",
          "Leave `writable` out of the policy.",
        ),
  "masked-proc": () => enforced("/proc and /sys are the Sentry's and reveal nothing about the host"),
  "minimal-dev": () => enforced("/dev is the Sentry's, with no host device behind it"),
  network: () => enforced("the Sentry's loopback only; no network in the namespace around it"),
  "cgroup.memory": ({ cgroup, limits: { memoryBytes } }) =>
    enforced(
      `cgroup v${cgroup.version}: ${formatSize(memoryBytes)} for everything inside together, plus 128MiB for the Sentry; the workload can use what the Sentry leaves free`,
    ),
  "cgroup.pids": ({ cgroup, limits: { pids } }, { counting = "rlimit" }) => {
    const around = `cgroup v${cgroup.version} around it limits the host threads that the Sentry runs them on`;
    if (counting === "rlimit") {
      return weaker(
        `${pids} for each user, by the Sentry's RLIMIT_NPROC; ${around}`,
        "this runsc charges a process to an arbitrary one of its cgroups, so a cgroup's limit holds only sometimes",
        "Put a newer runsc on the PATH, or run `./bulkhead setup gvisor` in a checkout, which builds one.",
      );
    }
    const tried = "which init tests before it serves";
    return enforced(`${pids} processes and threads by a cgroup of the Sentry, ${tried}; ${around}`);
  },
  rlimits: ({ limits: { openFiles } }) => enforced(`${openFiles} open files, no core dumps, enforced by the Sentry`),
  "clean-environment": () => enforced("init builds it from nothing, inside; runsc gets none from outside"),
  "closed-descriptors": () => enforced("runsc starts with no host descriptor open but its channel"),
  "own-session-keyring": () => enforced("a new session keyring around the Sentry, and key calls refused inside"),
  "kill-on-disconnect": () =>
    enforced(
      "runsc's pid namespace ends with runsc, runsc ends with init, init ends with the connection, and the broker kills the cgroup",
    ),
});

import type { Plan } from "../../plan/schema.js";
import { formatSize } from "../../policy/units.js";
import { cannot, enforced, type Verdict, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

type Namespace = Plan["namespaces"][number];

/** What the user-space kernel gives by itself, and what the host's kernel then still holds around it. */
function twice(name: Namespace): (plan: Plan) => Verdict {
  return ({ namespaces }) =>
    namespaces.includes(name)
      ? enforced(`the Sentry's own; around it one of the host's`)
      : enforced("the Sentry's own");
}

/** Level gvisor: what differs from the levels that share the host's kernel. */
export const gvisor = assessors({
  "uid-range": () =>
    enforced("ids inside are the Sentry's; it and its gofer have 65,536 host uids that nobody else has"),
  capabilities: ({ capabilities }) =>
    capabilities.length === 0
      ? enforced("none held, by the Sentry; it and its gofer hold a few over their own user namespace only")
      : weaker(
          `all dropped but ${capabilities.join(", ")}, by the Sentry`,
          "the policy leaves them to the workload, within its Sentry",
          "Leave `capabilities` out of the policy.",
        ),
  "no-new-privs": () => enforced("by the Sentry, and PR_SET_NO_NEW_PRIVS around it"),
  seccomp: ({ seccomp }) =>
    enforced(
      `profile ${typeof seccomp.profile === "string" ? seccomp.profile : "of the policy, above Bulkhead's floor"}, kept by the Sentry; it and its gofer run under profile sentry and stricter ones of their own`,
    ),
  landlock: () =>
    cannot(
      "runsc mounts what its parts see, which Landlock would refuse; the Sentry has none itself",
      "Use level container.",
    ),
  apparmor: () => cannot("runsc's parts are no programs that a profile is written for", "Use level container."),
  selinux: () => cannot("runsc's parts are no programs that a label is written for", "Use level container."),
  "namespace.user": twice("user"),
  "namespace.mount": twice("mount"),
  "namespace.pid": twice("pid"),
  "namespace.ipc": twice("ipc"),
  "namespace.net": twice("net"),
  "namespace.uts": twice("uts"),
  "namespace.cgroup": twice("cgroup"),
  "read-only-root": ({ root }) =>
    root.readOnly
      ? enforced("mounted read-only by the broker: the gofer cannot write it either")
      : weaker(
          "writes go to a layer in memory",
          "the policy asks for a writable root",
          "Leave `writable` out of the policy.",
        ),
  "masked-proc": () => enforced("/proc and /sys are the Sentry's: they tell nothing of the host"),
  "minimal-dev": () => enforced("/dev is the Sentry's: no device of the host's is behind it"),
  network: () => enforced("the Sentry's loopback only; no network in the namespace around it"),
  "cgroup.memory": ({ cgroup, limits: { memoryBytes } }) =>
    enforced(
      `cgroup v${cgroup.version}: ${formatSize(memoryBytes)} for all of it together, and 128MiB for the Sentry, of which the workload has what is left`,
    ),
  "cgroup.pids": ({ cgroup, limits: { pids } }, { counting = "rlimit" }) => {
    const around = `cgroup v${cgroup.version} around it bounds the threads that it runs them with`;
    if (counting === "rlimit") {
      return weaker(
        `${pids} of each user by the Sentry's RLIMIT_NPROC; ${around}`,
        "this runsc charges a process to any one of its control groups, so that a limit of one holds now and then",
        "`./bulkhead setup gvisor` builds a newer runsc.",
      );
    }
    const tried = "tried by init before it serves";
    return enforced(`${pids} processes and threads by a control group of the Sentry's, ${tried}; ${around}`);
  },
  rlimits: ({ limits: { openFiles } }) => enforced(`${openFiles} open files, no core dumps, kept by the Sentry`),
  "clean-environment": () => enforced("built from nothing by init, inside; runsc has none from outside"),
  "closed-descriptors": () => enforced("runsc starts with its channel and nothing else of the host's open"),
  "own-session-keyring": () => enforced("a new session keyring around the Sentry, and key calls refused inside"),
  "kill-on-disconnect": () =>
    enforced(
      "the end of runsc ends its pid namespace, it ends with init, init with the connection, and the cgroup is killed",
    ),
});

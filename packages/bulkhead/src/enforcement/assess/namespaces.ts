import type { Plan } from "../../plan/schema.js";
import { cannot, enforced, type Verdict } from "../enforcement.js";
import { assessors } from "./assessor.js";

type Namespace = Plan["namespaces"][number];

const SHOWS: Readonly<Record<Namespace, string>> = {
  mount: "its own mount tree; pivot_root detaches the host's",
  pid: "the workload sees and signals only its own processes",
  ipc: "its own System V IPC and message queues",
  net: "its own network, with loopback only",
  user: "root inside is an unprivileged uid outside",
  uts: "its own host name",
  cgroup: "the workload sees its own cgroup as the root",
};

function own(name: Namespace) {
  return (plan: Plan): Verdict =>
    plan.namespaces.includes(name) ? enforced(`${name} namespace: ${SHOWS[name]}`) : shared(name, plan.level);
}

function shared(name: Namespace, level: Plan["level"]): Verdict {
  const remedy = level === "chroot" ? "Use level container." : "Boot a kernel that has this namespace.";
  return cannot(
    level === "chroot" ? `level chroot shares the host's ${name} namespace` : "this kernel has none",
    remedy,
  );
}

/** Namespaces the workload shares with the host, and those it has for itself. */
export const namespaces = assessors({
  "namespace.user": own("user"),
  "namespace.mount": own("mount"),
  "namespace.pid": own("pid"),
  "namespace.ipc": own("ipc"),
  "namespace.net": own("net"),
  "namespace.uts": own("uts"),
  "namespace.cgroup": own("cgroup"),
  network: ({ namespaces: made }) =>
    made.includes("net")
      ? enforced("no interface but loopback in the net namespace")
      : enforced("seccomp refuses every socket but AF_UNIX"),
});

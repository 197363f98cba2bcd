import type { Plan } from "../../plan/schema.js";
import { cannot, enforced, type Verdict } from "../enforcement.js";
import { assessors } from "./assessor.js";

type Namespace = Plan["namespaces"][number];

const SHOWS: Readonly<Record<Namespace, string>> = {
  mount: "a mount tree of its own, the host's let go by pivot_root",
  pid: "sees and signals its own processes only",
  ipc: "System V IPC and message queues of its own",
  net: "a network of its own, with loopback only",
  user: "root inside is nobody outside",
  uts: "a host name of its own",
  cgroup: "sees its own cgroup as the root",
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

/** What the workload shares with the host and what it has of its own. */
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

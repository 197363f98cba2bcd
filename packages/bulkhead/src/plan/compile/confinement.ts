import type { Facts } from "../../host/facts.js";
import { SOCKETS_ABI, usableAbi } from "../../host/landlock.js";
import type { Level } from "../../policy/level.js";
import { INSIDE } from "../../policy/network/inside.js";
import type { ResolvedPolicy, TcpPorts } from "../../policy/resolved.js";
import type { Landlock, Mount, Plan, Seccomp } from "../schema.js";

type Namespace = Plan["namespaces"][number];

/**
 * The namespaces to create: all that the level has and the kernel supports; without net namespaces, seccomp replaces
 * that one.
 */
export function namespacesFor(level: Level, facts: Facts): readonly Namespace[] {
  const names: Namespace[] = ["mount", "pid", "ipc"];
  if (facts.namespaces.includes("net")) names.push("net");
  // Without root every level needs one, because only it permits mounts. With root, chroot does without (hosts may
  // forbid them).
  if (level !== "chroot" || !facts.privileged) names.push("user");
  if (level !== "chroot") names.push("uts");
  // Without one, /proc/self/cgroup shows a host path that programs inside cannot look up.
  if (facts.namespaces.includes("cgroup")) names.push("cgroup");
  return names;
}

export function seccompFor(
  profile: Seccomp["profile"],
  namespaces: readonly Namespace[],
  mounts: readonly Mount[],
): Seccomp {
  return {
    profile,
    denySetid: mounts.some((mount) => mount.kind === "bind" && !mount.readOnly),
    unixSocketsOnly: !namespaces.includes("net"),
    whiteouts: false,
  };
}

/** Null: the kernel has no Landlock. `access`, if the policy has it, lists everything that the workload may touch. */
export function landlockFor(
  { writableRoot, access, tcp, network, files }: ResolvedPolicy,
  mounts: readonly Mount[],
  facts: Facts,
): Landlock | null {
  const abi = usableAbi(facts.landlockAbi);
  if (abi === 0) return null;
  const writable = mounts.flatMap((mount) =>
    mount.kind === "tmpfs" || ((mount.kind === "bind" || mount.kind === "layers") && !mount.readOnly) ? [mount.at] : [],
  );
  const all = writableRoot ? ["/", ...writable, "/dev/shm"] : [...writable, "/dev/shm"];
  return {
    abi,
    writable: access?.write ?? all,
    whiteouts: false,
    access: access === null ? null : { read: access.read, list: access.list, execute: access.execute },
    tcp: tcp === null ? null : withProxies(tcp, network),
    // IPC, which no list of files covers.
    queues: true,
    sockets: abi < SOCKETS_ABI ? [] : files.flatMap((file) => (file.kind === "host" && file.sockets ? [file.at] : [])),
  };
}

/**
 * The allowed ports apply to init too, which listens inside for programs that connect out: at its proxies and name
 * server, and, for programs that know no proxy, at the ports that these connect to.
 */
function withProxies({ bind, connect }: TcpPorts, network: ResolvedPolicy["network"]): Landlock["tcp"] {
  if (network.kind === "none") return { bind, connect };
  const own = [INSIDE.httpPort, INSIDE.socksPort, INSIDE.dnsPort];
  return { bind: [...new Set([...bind, ...connect, ...own])], connect: [...new Set([...connect, ...own])] };
}

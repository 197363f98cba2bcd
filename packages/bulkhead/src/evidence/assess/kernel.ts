import { cannot, enforced, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** From this ABI on Landlock also keeps signals and abstract sockets inside. */
const SCOPE_ABI = 6;
/** From this one on it can rule TCP ports. */
const TCP_ABI = 4;
/** What a kernel rules from an ABI on: `linux/landlock.h`. */
const LATER = [
  { abi: 2, what: "moving files between directories" },
  { abi: 3, what: "truncation" },
  { abi: TCP_ABI, what: "TCP ports" },
  { abi: 5, what: "ioctls of devices" },
  { abi: SCOPE_ABI, what: "signals and abstract sockets" },
] as const;

/** How much of the kernel, and of the tree, the workload can reach. */
export const kernel = assessors({
  seccomp: ({ seccomp }) => {
    const setid = seccomp.denySetid ? ", and no set-user-id files" : "";
    const name = typeof seccomp.profile === "string" ? seccomp.profile : "of the policy, above Bulkhead's floor";
    return enforced(`profile ${name}${setid}; system calls of other ABIs kill`);
  },
  landlock: ({ landlock }) => {
    if (landlock === null) {
      return cannot(
        "this kernel has no Landlock, or it is off",
        "Boot Linux 5.13 or later with `landlock` in its lsm= parameter.",
      );
    }
    const { access, tcp } = landlock;
    if (tcp !== null && landlock.abi < TCP_ABI) {
      return weaker(
        `Landlock ABI ${landlock.abi}`,
        `TCP ports are ruled from ABI ${TCP_ABI} on`,
        "Boot Linux 6.7 or later, or leave `tcp` out of the policy.",
      );
    }
    const reads =
      access === null
        ? ""
        : `; reads ${counted(access.read)} and executes ${counted(access.execute)} of the policy's only`;
    const ports = tcp === null ? "" : `; of TCP binds ${listed(tcp.bind)} and connects to ${listed(tcp.connect)} only`;
    const writes = `Landlock ABI ${landlock.abi}: writes below ${landlock.writable.join(", ") || "nothing"} only${reads}${ports}`;
    const scoped = landlock.abi < SCOPE_ABI ? writes : `${writes}; signals and abstract sockets stay inside`;
    const left = LATER.filter(({ abi }) => landlock.abi < abi).map(({ abi, what }) => `${what} (ABI ${abi})`);
    return enforced(left.length === 0 ? scoped : `${scoped}. Left to other layers: ${left.join(", ")}`);
  },
  "read-only-root": ({ root }) =>
    root.readOnly
      ? enforced("the root is mounted read-only")
      : weaker(
          "writes go to a layer in memory",
          "the policy asks for a writable root",
          "Leave `writable` out of the policy.",
        ),
  "masked-proc": () => enforced("/proc read-only, what tells of the host covered; /sys three files about processors"),
  "minimal-dev": () => enforced("/dev with null, zero, full, random, urandom, tty and terminals of its own"),
});

function listed(ports: readonly number[]): string {
  return ports.join(", ") || "nothing";
}

function counted(paths: readonly string[]): string {
  return `${paths.length} path${paths.length === 1 ? "" : "s"}`;
}

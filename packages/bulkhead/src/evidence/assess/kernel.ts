import { cannot, enforced, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** From this ABI on Landlock also keeps signals and abstract sockets inside. */
const SCOPE_ABI = 6;
/** What a kernel rules from an ABI on: `linux/landlock.h`. TCP (ABI 4) is not among it, as the network namespace decides about that. */
const LATER = [
  { abi: 2, what: "moving files between directories" },
  { abi: 3, what: "truncation" },
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
    const { access } = landlock;
    const reads =
      access === null
        ? ""
        : `; reads ${counted(access.read)} and executes ${counted(access.execute)} of the policy's only`;
    const writes = `Landlock ABI ${landlock.abi}: writes below ${landlock.writable.join(", ") || "nothing"} only${reads}`;
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

function counted(paths: readonly string[]): string {
  return `${paths.length} path${paths.length === 1 ? "" : "s"}`;
}

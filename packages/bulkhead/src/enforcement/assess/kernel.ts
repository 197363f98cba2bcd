import { addedAfter, SCOPE_ABI, SOCKETS_ABI, TCP_ABI } from "../../host/landlock.js";
import type { Plan } from "../../plan/schema.js";
import { cannot, enforced, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** ABIs whose additions Bulkhead does not need: it does not use them, or has the same protection by other means. */
const NOT_MISSED: ReadonlySet<number> = new Set([7, 8, 10]);

/** How much of the kernel and of the file tree the workload can reach. */
export const kernel = assessors({
  seccomp: ({ seccomp }) => {
    const setid = seccomp.denySetid ? ", and no set-user-id files" : "";
    const name = typeof seccomp.profile === "string" ? seccomp.profile : "of the policy, above Bulkhead's floor";
    return enforced(`profile ${name}${setid}; system calls of other ABIs kill`);
  },
  landlock: ({ landlock, mounts }) => {
    if (landlock === null) {
      return cannot(
        "this kernel has no Landlock, or it is off",
        "Boot Linux 5.13 or later with `landlock` in its lsm= parameter.",
      );
    }
    if (landlock.tcp !== null && landlock.abi < TCP_ABI) {
      return weaker(
        `Landlock ABI ${landlock.abi}`,
        `Landlock restricts TCP ports from ABI ${TCP_ABI} on`,
        "Boot Linux 6.7 or later, or leave `tcp` out of the policy.",
      );
    }
    const held = heldBy(landlock);
    const left = lackedBy(landlock, mounts).map(({ abi, adds }) => `${adds} (ABI ${abi})`);
    return enforced(left.length === 0 ? held : `${held}. Left to other layers: ${left.join(", ")}`);
  },
  "read-only-root": ({ root }) =>
    root.readOnly
      ? enforced("the root is mounted read-only")
      : weaker(
          "writes go to a layer in memory",
          "the policy asks for a writable root",
          "Leave `writable` out of the policy.",
        ),
  "masked-proc": () =>
    enforced("/proc is read-only, with the files about the host covered; /sys has three files about processors"),
  "minimal-dev": () => enforced("/dev has null, zero, full, random, urandom, tty and its own terminals"),
});

function heldBy({ abi, writable, access, tcp, sockets }: NonNullable<Plan["landlock"]>): string {
  const reads =
    access === null
      ? ""
      : `; reads ${counted(access.read)} and executes ${counted(access.execute)} of the policy's only`;
  const ports = tcp === null ? "" : `; of TCP binds ${listed(tcp.bind)} and connects to ${listed(tcp.connect)} only`;
  const writes = `Landlock ABI ${abi}: writes below ${writable.join(", ") || "nothing"} only${reads}${ports}`;
  const scoped = abi < SCOPE_ABI ? writes : `${writes}; signals and abstract sockets stay inside`;
  if (abi < SOCKETS_ABI) return scoped;
  return `${scoped}; of Unix sockets made outside connects to ${sockets.length === 0 ? "none" : `those below ${sockets.join(", ")} only`}`;
}

/** A socket from outside can be only in a mount from there. */
function lackedBy({ abi }: NonNullable<Plan["landlock"]>, mounts: Plan["mounts"]) {
  const shared = mounts.some(({ kind }) => kind === "bind");
  return addedAfter(abi).filter((one) => !NOT_MISSED.has(one.abi) && (one.abi !== SOCKETS_ABI || shared));
}

function listed(ports: readonly number[]): string {
  return ports.join(", ") || "nothing";
}

function counted(paths: readonly string[]): string {
  return `${paths.length} path${paths.length === 1 ? "" : "s"}`;
}

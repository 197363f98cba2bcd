import type { Plan } from "../../plan/schema.js";
import { PROTECTIONS, type Protection } from "../../policy/protections.js";
import { enforced, weaker } from "../enforcement.js";
import { type Assessor, assessors } from "./assessor.js";

/** Protections that the host itself enforces around the machine. */
const AROUND = assessors({
  "uid-range": (_plan, { facts, privileged = facts.privileged }) =>
    privileged
      ? enforced(
          "ids inside are the guest's own; the virtual machine monitor runs in a range of host uids that no other sandbox or user has",
        )
      : weaker(
          `ids inside are the guest's own; the virtual machine monitor runs with the caller's (${facts.callerUid})`,
          "a workload that escapes from the machine and its jail has the caller's uid",
          "Use a broker that runs as root.",
        ),
  "read-only-root": ({ root, mounts }) =>
    root.readOnly
      ? enforced(`the root is an image that the virtual machine monitor opened read-only${copies(mounts)}`)
      : weaker(
          "writes go to a layer in the guest's memory",
          "the policy asks for a writable root",
          "Leave `writable` out of the policy.",
        ),
  network: () => enforced("the machine has no network device and its jail has no network; loopback is the guest's"),
});

/** Names the writable directories, because at this level they are copies and not live mounts. */
function copies(mounts: Plan["mounts"]): string {
  const written = mounts.flatMap((mount) => (mount.kind === "bind" && !mount.readOnly ? [mount.at] : []));
  if (written.length === 0) return "";
  return `; ${written.join(", ")}: a copy of the host directory; changes are written back at the end, not live`;
}

/** Protections that Bulkhead itself provides, the same at every level. */
const OURS: ReadonlySet<Protection> = new Set(["clean-environment", "closed-descriptors", "kill-on-disconnect"]);

/** Protections that the guest's kernel enforces. The host cannot look into the machine, and the table says so. */
export const INSIDE: readonly Protection[] = PROTECTIONS.filter(
  (protection) => !(protection in AROUND) && !OURS.has(protection),
);

/**
 * Level microvm: the guest's kernel enforces what `ofKernel` assesses for a host kernel at other levels, and the host
 * has only the guest's word for it. The host itself vouches for the machine, and for the jail around its monitor.
 */
export function microvm(
  ofKernel: Readonly<Record<Protection, Assessor>>,
): Readonly<Partial<Record<Protection, Assessor>>> {
  const inside = INSIDE.map((protection) => {
    const assess: Assessor = (plan, host) => {
      const verdict = ofKernel[protection](plan, host);
      return verdict.status === "enforced"
        ? enforced(`by the guest's kernel, not visible from outside: ${verdict.by}; around it, the machine in its jail`)
        : verdict;
    };
    return [protection, assess] as const;
  });
  return { ...Object.fromEntries(inside), ...AROUND };
}

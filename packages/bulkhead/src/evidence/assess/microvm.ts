import type { Plan } from "../../plan/schema.js";
import { PROTECTIONS, type Protection } from "../../policy/protections.js";
import { enforced, weaker } from "../enforcement.js";
import { type Assessor, assessors } from "./assessor.js";

/** What the host itself holds, around the machine. */
const AROUND = assessors({
  "uid-range": (_plan, { facts, privileged = facts.privileged }) =>
    privileged
      ? enforced("ids inside are the guest's own; the virtual machine monitor has host uids that nobody else has")
      : weaker(
          `ids inside are the guest's own; the virtual machine monitor has the caller's (${facts.callerUid})`,
          "who gets out of the machine and its jail would be the caller",
          "Use a broker that runs as root.",
        ),
  "read-only-root": ({ root, mounts }) =>
    root.readOnly
      ? enforced(`the root is an image that the virtual machine monitor has open for reading only${copies(mounts)}`)
      : weaker(
          "writes go to a layer in the guest's memory",
          "the policy asks for a writable root",
          "Leave `writable` out of the policy.",
        ),
  network: () => enforced("the machine has no network device, and its jail no network; loopback is the guest's"),
});

/** What is not what it is at other levels is said where people look. */
function copies(mounts: Plan["mounts"]): string {
  const written = mounts.flatMap((mount) => (mount.kind === "bind" && !mount.readOnly ? [mount.at] : []));
  if (written.length === 0) return "";
  return `; ${written.join(", ")}: a copy of the host's directory, to which changes are written back at the end, not live`;
}

/** Bulkhead's own doing, at every level the same. */
const OURS: ReadonlySet<Protection> = new Set(["clean-environment", "closed-descriptors", "kill-on-disconnect"]);

/** Kept by the guest's kernel: the host cannot look into the machine, and says so. */
export const INSIDE: readonly Protection[] = PROTECTIONS.filter(
  (protection) => !(protection in AROUND) && !OURS.has(protection),
);

/**
 * Level microvm: what the others assess for a host's kernel, `ofKernel`, is assessed for the guest's, and is the guest's word. The wall that
 * the host vouches for is the machine, and the jail that its monitor runs in.
 */
export function microvm(
  ofKernel: Readonly<Record<Protection, Assessor>>,
): Readonly<Partial<Record<Protection, Assessor>>> {
  const inside = INSIDE.map((protection) => {
    const assess: Assessor = (plan, host) => {
      const verdict = ofKernel[protection](plan, host);
      return verdict.status === "enforced"
        ? enforced(`by the guest's kernel, not seen from outside: ${verdict.by}; outside it, the machine in its jail`)
        : verdict;
    };
    return [protection, assess] as const;
  });
  return { ...Object.fromEntries(inside), ...AROUND };
}

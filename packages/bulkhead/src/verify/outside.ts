import { confirm } from "../enforcement/confirm.js";
import type { Evidence } from "../evidence/observed.js";
import type { Protection } from "../policy/protections.js";
import type { Explanation } from "../sandbox/explain.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import type { AttemptResult } from "./result.js";

type Plan = Explanation["plan"];

/** Whatever its plan says, the sandbox around a program that itself makes a wall is no jail without one of these. */
const OF_EVERY_JAIL = [
  "no-new-privs",
  "seccomp",
  "namespace.user",
  "namespace.mount",
  "namespace.pid",
  "namespace.ipc",
  "namespace.net",
  "namespace.uts",
  "read-only-root",
] as const satisfies readonly Protection[];

/** Compares each line that says `enforced` with the broker's verdict on `sandbox`, asked again. */
export async function seenOutside(claims: Explanation, sandbox: Sandbox): Promise<readonly AttemptResult[]> {
  const evidence = await sandbox.evidence();
  const isJail = claims.level === "gvisor" || claims.level === "microvm";
  return isJail ? ofJail(claims, sandbox.plan, evidence) : ofSandbox(claims, evidence);
}

/**
 * Results for the jail around the program that makes the wall: for the protections inside, the broker has only that
 * program's word. Protections that a host may lack count only where they are claimed or planned.
 */
export function ofJail(
  { enforcement }: Pick<Explanation, "enforcement">,
  { cgroup: { controllers } }: Pick<Plan, "cgroup">,
  { verdict }: Evidence,
): readonly AttemptResult[] {
  const claimed = enforcement.protections.find(({ protection }) => protection === "uid-range");
  const wanted: readonly Protection[] = [
    ...(claimed?.status === "enforced" ? (["uid-range"] as const) : []),
    ...OF_EVERY_JAIL,
    ...(controllers.includes("memory") ? (["cgroup.memory"] as const) : []),
    ...(controllers.includes("pids") ? (["cgroup.pids"] as const) : []),
  ];
  const seen: readonly Protection[] = verdict.inForce;
  return wanted.map((protection) =>
    row(`${protection} of the jail`, protection, seen.includes(protection), "it is not"),
  );
}

/** Results for a sandbox whose kernel is the host's. */
export function ofSandbox(
  { enforcement, plan }: Pick<Explanation, "enforcement" | "plan">,
  evidence: Evidence,
): readonly AttemptResult[] {
  const seen = confirm(enforcement, { evidence });
  return enforcement.protections.flatMap(({ protection, status }, index): readonly AttemptResult[] => {
    if (status !== "enforced") return [];
    const now = seen.protections[index];
    const held = now?.status === "enforced" && hasClaimedNumber(protection, plan, evidence);
    return [row(protection, protection, held, now !== undefined && "why" in now ? now.why : "less than claimed")];
  });
}

/**
 * The broker compares with the plan that it executed. The number in a line comes from the plan that the claims were
 * made for.
 */
function hasClaimedNumber(protection: Protection, plan: Plan, { landlock, cgroup }: Evidence): boolean {
  switch (protection) {
    case "landlock":
      return landlock?.abi === plan.landlock?.abi;
    case "cgroup.memory":
      return cgroup.memoryMax !== null && cgroup.memoryMax <= plan.limits.memoryBytes;
    default:
      return true;
  }
}

function row(title: string, protection: Protection, held: boolean, why: string): AttemptResult {
  return {
    class: "evidence",
    title: `the broker sees ${title}`,
    protection,
    cve: null,
    detail: held ? "in force" : why,
    status: held ? "held" : "failed",
  };
}

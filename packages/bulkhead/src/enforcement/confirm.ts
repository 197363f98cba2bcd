import type { Evidence, ProcessEvidence } from "../evidence/observed.js";
import type { Plan } from "../plan/schema.js";
import type { Protection } from "../policy/protections.js";
import { cannot, type Enforcement, type EnforcementTable } from "./enforcement.js";

type Check = (evidence: Evidence, plan: Plan) => boolean;

const NO_CAPABILITIES = /^0+$/;

/**
 * How the broker's evidence from outside confirms each protection that leaves a trace there. The others (a clean
 * environment, a covered file) leave none; for them the table relies on the code that set them up.
 */
const CHECKS: Readonly<Partial<Record<Protection, Check>>> = {
  "uid-range": ({ init }, plan) => !plan.namespaces.includes("user") || init.uid.every((uid) => uid !== 0),
  capabilities: (evidence, plan) => plan.capabilities.length > 0 || workloadHoldsNothing(evidence),
  "no-new-privs": ({ init }) => init.noNewPrivs,
  seccomp: ({ init }) => init.seccomp === 2,
  landlock: ({ landlock }, plan) => landlock?.abi === plan.landlock?.abi,
  apparmor: ({ init }, plan) => plan.apparmor === null || init.lsm === `${plan.apparmor} (enforce)`,
  selinux: ({ init }, plan) => plan.selinux === null || init.lsm === plan.selinux,
  "namespace.user": owned("user"),
  "namespace.mount": owned("mount", "mnt"),
  "namespace.pid": owned("pid"),
  "namespace.ipc": owned("ipc"),
  "namespace.net": owned("net"),
  "namespace.uts": owned("uts"),
  "namespace.cgroup": owned("cgroup"),
  network: ({ init }, plan) => plan.seccomp.unixSocketsOnly || init.namespaces["net"] === "own",
  "read-only-root": ({ mounts }) => mounts.rootReadOnly,
  "cgroup.memory": ({ cgroup }, plan) => cgroup.memoryMax !== null && cgroup.memoryMax <= plan.limits.memoryBytes,
  "cgroup.pids": ({ cgroup }) => cgroup.pidsMax !== null,
  "cgroup.cpu": ({ cgroup }) => cgroup.cpuMax !== null,
};

/**
 * The table to report for a running sandbox: a line stays `enforced` only where the broker's evidence agrees, or where
 * there can be no evidence.
 */
export function confirm(table: EnforcementTable, plan: Plan, evidence: Evidence): EnforcementTable {
  return { ...table, protections: table.protections.map((line) => confirmed(line, plan, evidence)) };
}

function confirmed(line: Enforcement, plan: Plan, evidence: Evidence): Enforcement {
  const check = CHECKS[line.protection];
  if (line.status !== "enforced" || check === undefined || check(evidence, plan)) return line;
  const verdict = cannot(
    "the broker checked from outside and found it not in force",
    "Report this with the output of `bulkhead doctor --json`.",
  );
  return { protection: line.protection, ...verdict };
}

/**
 * An init that switches users holds a few capabilities, and so does its child until it has switched and its uid
 * differs.
 */
function workloadHoldsNothing({ init, processes }: Evidence): boolean {
  const holdsNothing = ({ capabilities }: ProcessEvidence) => NO_CAPABILITIES.test(capabilities.effective);
  const isSwitching = (process: ProcessEvidence) => !holdsNothing(init) && process.uid[0] === init.uid[0];
  return (processes ?? []).every((process) => holdsNothing(process) || isSwitching(process));
}

function owned(...names: readonly string[]): Check {
  return ({ init }) => names.some((name) => init.namespaces[name] === "own");
}

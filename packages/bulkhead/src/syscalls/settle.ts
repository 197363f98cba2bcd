import type { OciAction, OciArgument, OciProfile, OciRule } from "./oci.js";

/** The machine that a profile's conditions are about. */
export interface Machine {
  /** As Node names it. */
  readonly architecture: string;
  /** As `uname -r` gives it. */
  readonly kernel: string;
  /** Granted to the workload, without `CAP_`. */
  readonly capabilities: readonly string[];
}

/** A profile without conditions about the machine: the form in a plan. */
export interface SettledProfile {
  readonly default: SettledAction;
  readonly rules: readonly SettledRule[];
  /** Also writes every call that it does not allow to the host's audit log. */
  readonly log: boolean;
}

export type SettledAction = "killProcess" | "killThread" | "trap" | "log" | "allow" | { readonly errno: number };

export interface SettledRule {
  readonly names: readonly string[];
  readonly action: SettledAction;
  readonly args: readonly SettledArgument[];
}

export interface SettledArgument {
  readonly index: number;
  readonly op: (typeof OPERATIONS)[OciArgument["op"]];
  readonly value: string;
  readonly valueTwo: string;
}

const OPERATIONS = {
  SCMP_CMP_NE: "notEqual",
  SCMP_CMP_LT: "less",
  SCMP_CMP_LE: "lessOrEqual",
  SCMP_CMP_EQ: "equal",
  SCMP_CMP_GE: "greaterOrEqual",
  SCMP_CMP_GT: "greater",
  SCMP_CMP_MASKED_EQ: "maskedEqual",
} as const;

/** Names of architectures: Node's, libseccomp's, and Go's, which Docker uses in conditions. */
const ARCHITECTURES: Readonly<Record<string, { readonly scmp: string; readonly go: string }>> = {
  x64: { scmp: "SCMP_ARCH_X86_64", go: "amd64" },
  arm64: { scmp: "SCMP_ARCH_AARCH64", go: "arm64" },
};

const EPERM = 1;

/**
 * Whether a profile is for this architecture at all. Other architectures that it lists stay closed: system calls of a
 * foreign ABI kill.
 */
export function isFor({ architectures, archMap }: OciProfile, architecture: string): boolean {
  const named = [...(architectures ?? []), ...(archMap ?? []).map((each) => each.architecture)];
  return (
    named.length === 0 ||
    ["SCMP_ARCH_NATIVE", ARCHITECTURES[architecture]?.scmp].some((one) => named.includes(one ?? ""))
  );
}

/** Decides each condition for `machine`. Pure. */
export function settle(profile: OciProfile, machine: Machine): SettledProfile {
  const rules = profile.syscalls.filter((rule) => applies(rule, machine));
  return {
    default: actionOf(profile.defaultAction, profile.defaultErrnoRet),
    rules: rules.map((rule) => ({
      names: rule.names,
      action: actionOf(rule.action, rule.errnoRet),
      args: (rule.args ?? []).map(argumentOf),
    })),
    log: (profile.flags ?? []).includes("SECCOMP_FILTER_FLAG_LOG"),
  };
}

/** As in Docker: every capability of `includes` must be present, and none of those of `excludes`. */
function applies({ includes, excludes }: OciRule, { architecture, kernel, capabilities }: Machine): boolean {
  const has = (name: string) => capabilities.includes(name.replace(/^CAP_/, ""));
  const here = ARCHITECTURES[architecture]?.go ?? "";
  const of = (list: readonly string[] | null | undefined) => list ?? [];
  if (of(excludes?.caps).some(has) || of(excludes?.arches).includes(here)) return false;
  if (excludes?.minKernel && isAtLeast(kernel, excludes.minKernel)) return false;
  if (!of(includes?.caps).every(has)) return false;
  if (of(includes?.arches).length > 0 && !of(includes?.arches).includes(here)) return false;
  return !includes?.minKernel || isAtLeast(kernel, includes.minKernel);
}

function isAtLeast(release: string, version: string): boolean {
  const [major = 0, minor = 0] = /^(\d+)\.(\d+)/.exec(release)?.slice(1).map(Number) ?? [];
  const [wantedMajor = 0, wantedMinor = 0] = version.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function actionOf(action: OciAction, errno = EPERM): SettledAction {
  switch (action) {
    case "SCMP_ACT_ALLOW":
      return "allow";
    case "SCMP_ACT_LOG":
      return "log";
    case "SCMP_ACT_ERRNO":
      return { errno };
    case "SCMP_ACT_TRAP":
      return "trap";
    case "SCMP_ACT_KILL":
    case "SCMP_ACT_KILL_THREAD":
      return "killThread";
    case "SCMP_ACT_KILL_PROCESS":
      return "killProcess";
  }
}

function argumentOf({ index, op, value, valueTwo }: OciArgument): SettledArgument {
  return { index, op: OPERATIONS[op], value: `0x${value.toString(16)}`, valueTwo: `0x${valueTwo.toString(16)}` };
}

import type * as z from "zod/mini";
import { errnoNumber } from "./errno.js";
import { invalid } from "./invalid.js";
import { ociProfile, type WrittenArgument, type WrittenProfile, type WrittenRule } from "./oci-schema.js";

/** An OCI or Docker seccomp profile in normal form. */
export interface OciProfile {
  readonly defaultAction: OciAction;
  readonly defaultErrnoRet?: number | undefined;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly OciRule[];
}

export interface OciRule {
  readonly names: readonly string[];
  readonly action: OciAction;
  readonly errnoRet?: number | undefined;
  readonly args?: readonly OciArgument[];
  readonly comment?: string;
  readonly includes?: OciConditions;
  readonly excludes?: OciConditions;
}

export interface OciArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo: number;
  readonly op: WrittenArgument["op"];
}

export type OciAction = WrittenProfile["defaultAction"];
type OciConditions = WrittenRule["includes"];

/**
 * Parses a JSON profile. Throws PROFILE_INVALID with every problem and its place: anything that cannot be applied
 * exactly is refused. Source: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp, and the
 * additions of Docker, Podman and Kubernetes' security-profiles-operator.
 */
export function readOciProfile(text: string, path: string): OciProfile {
  return checkOciProfile(parseJson(text, path), path);
}

/** As `readOciProfile`, for parsed JSON. */
export function checkOciProfile(value: unknown, path: string): OciProfile {
  const parsed = ociProfile.safeParse(specOf(value, path));
  if (!parsed.success) throw invalid(path, parsed.error.issues.map(described).slice(0, 20));
  const { data } = parsed;
  const rules = data.syscalls ?? [];
  const problems = [
    ...errnoProblems(data.defaultAction, data.defaultErrnoRet, data.defaultErrno, "defaultErrno"),
    ...architectureProblems(data),
    ...rules.flatMap((each, index) => problemsOf(each).map((problem) => `syscalls.${index}: ${problem}`)),
  ];
  if (problems.length > 0) throw invalid(path, problems.slice(0, 20));
  return {
    defaultAction: data.defaultAction,
    defaultErrnoRet: errnoOf(data.defaultErrnoRet, data.defaultErrno),
    architectures: data.architectures ?? [],
    archMap: (data.archMap ?? []).map((each) => ({ ...each, subArchitectures: each.subArchitectures ?? [] })),
    flags: data.flags ?? [],
    syscalls: rules.map(ruleOf),
  };
}

/**
 * Kubernetes' resource around a profile. Its base profile is another resource, which only the operator can merge into
 * it.
 */
function specOf(value: unknown, path: string): unknown {
  if (typeof value !== "object" || value === null || !("kind" in value) || value.kind !== "SeccompProfile")
    return value;
  const spec = "spec" in value ? value.spec : undefined;
  if (typeof spec === "object" && spec !== null && "baseProfileName" in spec && spec.baseProfileName) {
    throw invalid(path, [
      "spec.baseProfileName: another profile is to be merged in: use what the operator installed on a node",
    ]);
  }
  return spec;
}

function ruleOf(rule: WrittenRule): OciRule {
  return {
    names: namesOf(rule),
    action: rule.action,
    errnoRet: errnoOf(rule.errnoRet, rule.errno),
    args: argumentsOf(rule),
    includes: rule.includes,
    excludes: rule.excludes,
    ...(rule.comment ? { comment: rule.comment } : {}),
  };
}

function namesOf({ name, names }: Pick<WrittenRule, "name" | "names">): readonly string[] {
  return names && names.length > 0 ? names : name ? [name] : [];
}

/** Two identical comparisons are one. */
function argumentsOf({ args }: WrittenRule): readonly OciArgument[] {
  const full = (args ?? []).map(
    (each): OciArgument => ({ ...each, value: each.value ?? 0, valueTwo: each.valueTwo ?? 0 }),
  );
  const keys = full.map(({ index, op, value, valueTwo }) => [index, op, value, valueTwo].join());
  return full.filter((_, at) => keys.indexOf(keys[at] ?? "") === at);
}

function errnoOf(ret: number | null | undefined, name: string | null | undefined): number | undefined {
  return ret ?? (name ? errnoNumber(name) : undefined);
}

function described({ path, message, ...issue }: z.core.$ZodIssue): string {
  const unknown = issue.code === "unrecognized_keys" ? `unknown field ${issue.keys.join(", ")}` : message;
  return [...path.map(String), unknown].join(": ");
}

function problemsOf(rule: WrittenRule): readonly string[] {
  const problems: string[] = [...errnoProblems(rule.action, rule.errnoRet, rule.errno, "errno")];
  const { name, names } = rule;
  const args = argumentsOf(rule);
  if (namesOf(rule).length === 0) problems.push("names no system call");
  if (name && names && names.length > 0 && (names.length > 1 || names[0] !== name)) {
    problems.push(`name says ${name}, and names something else: use either`);
  }
  if (new Set(args.map(({ index }) => index)).size < args.length) {
    problems.push("compares an argument twice, and runtimes disagree on whether both must hold: write two rules");
  }
  for (const { op, value, valueTwo } of args) {
    const meaningful = op === "SCMP_CMP_MASKED_EQ" ? BigInt(value) : 0n;
    if ((BigInt(valueTwo) & ~meaningful) !== 0n) problems.push("has a valueTwo that its op could never meet");
  }
  return problems;
}

/** `ret` is a number, `name` one of `errno.h`; a profile with both must mean the same. */
function errnoProblems(
  action: OciAction,
  ret: number | null | undefined,
  name: string | null | undefined,
  field: string,
): readonly string[] {
  const named = name ? errnoNumber(name) : undefined;
  if (name && (named === undefined || named > 4095)) return [`${field}: no errno of this system: ${name}`];
  if (named !== undefined && typeof ret === "number" && named !== ret) {
    return [`${field}: ${name} is ${named}, and ${field}Ret says ${ret}`];
  }
  if (action === "SCMP_ACT_ERRNO" && errnoOf(ret, name) === 0) {
    return [`${field}Ret: 1 to 4095: a call that does nothing and reports success is not offered`];
  }
  return [];
}

/** Docker accepts one of the two lists; both are fine if they name the same architectures. */
function architectureProblems({ architectures, archMap }: WrittenProfile): readonly string[] {
  const named = new Set(architectures ?? []);
  const mapped = new Set((archMap ?? []).flatMap((each) => [each.architecture, ...(each.subArchitectures ?? [])]));
  if (named.size === 0 || mapped.size === 0) return [];
  const differing = [...new Set([...named, ...mapped])].filter((name) => named.has(name) !== mapped.has(name));
  return differing.length === 0 ? [] : [`architectures and archMap disagree about ${differing.join(", ")}`];
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, [error instanceof Error ? error.message : String(error)]);
  }
}

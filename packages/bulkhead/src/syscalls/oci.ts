import * as z from "zod/mini";
import { invalid } from "./invalid.js";

/** An OCI or Docker seccomp profile, as far as it can be kept: what is left out here is refused by name. */
const ACTIONS = [
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_KILL_PROCESS",
] as const;
const OPERATIONS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;

const action = z.enum(ACTIONS, {
  error: ({ input }) =>
    input === "SCMP_ACT_NOTIFY" || input === "SCMP_ACT_TRACE"
      ? `${input} needs a process outside that decides, which Bulkhead does not have`
      : `one of ${ACTIONS.join(", ")}`,
});
/** JSON numbers above 2^53 are read as other numbers: a filter must not compare with what nobody wrote. */
const word = z.int({ error: "a whole number below 2^53 (larger ones are not read exactly)" }).check(z.gte(0));
const errno = z
  .int()
  .check(z.gte(1, "1 to 4095: a call that does nothing and reports success is not offered"), z.lte(4095));
const texts = z.optional(z.nullable(z.array(z.string())));
const kernel = z.string().check(z.regex(/^\d{1,3}\.\d{1,4}$/, "a kernel version such as 4.8"));

const conditions = z.optional(
  z.nullable(z.strictObject({ caps: texts, arches: texts, minKernel: z.optional(kernel) })),
);
const argument = z.strictObject({
  index: z.int().check(z.gte(0), z.lte(5)),
  value: word,
  valueTwo: z.optional(word),
  op: z.enum(OPERATIONS),
});
const rule = z.strictObject({
  name: z.optional(z.string()),
  names: z.optional(z.array(z.string().check(z.regex(/^[a-z0-9_]{1,64}$/, "a system call's name")))),
  action,
  errnoRet: z.optional(errno),
  args: z.optional(z.nullable(z.array(argument))),
  comment: z.optional(z.string()),
  includes: conditions,
  excludes: conditions,
});
const profile = z.strictObject({
  defaultAction: action,
  defaultErrnoRet: z.optional(errno),
  architectures: texts,
  archMap: z.optional(z.nullable(z.array(z.strictObject({ architecture: z.string(), subArchitectures: texts })))),
  // How a filter is loaded, which is Bulkhead's own affair; the others would change what it does.
  flags: z.optional(z.nullable(z.array(z.literal("SECCOMP_FILTER_FLAG_TSYNC")))),
  syscalls: z.optional(z.nullable(z.array(rule))),
});

export type OciProfile = z.output<typeof profile>;
export type OciRule = z.output<typeof rule>;
export type OciArgument = z.output<typeof argument>;
export type OciAction = OciProfile["defaultAction"];

/**
 * Reads a profile. Throws PROFILE_INVALID with every problem and its place: what cannot be kept exactly is refused.
 * Source: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp, and Docker's additions to it.
 */
export function readOciProfile(text: string, path: string): OciProfile {
  const parsed = profile.safeParse(parseJson(text, path));
  if (!parsed.success) throw invalid(path, parsed.error.issues.map(described).slice(0, 20));
  const problems = (parsed.data.syscalls ?? []).flatMap((each, index) =>
    problemsOf(each).map((problem) => `syscalls.${index}: ${problem}`),
  );
  if (problems.length > 0) throw invalid(path, problems.slice(0, 20));
  return parsed.data;
}

function described({ path, message, ...issue }: z.core.$ZodIssue): string {
  const unknown = issue.code === "unrecognized_keys" ? `unknown field ${issue.keys.join(", ")}` : message;
  return [...path.map(String), unknown].join(": ");
}

function problemsOf({ name, names, args }: OciRule): readonly string[] {
  const problems: string[] = [];
  if (name === undefined && (names ?? []).length === 0) problems.push("names no system call");
  const indexes = (args ?? []).map(({ index }) => index);
  if (new Set(indexes).size < indexes.length) {
    problems.push("compares an argument twice, and runtimes disagree on whether both must hold: write two rules");
  }
  for (const { op, value, valueTwo = 0 } of args ?? []) {
    const meaningful = op === "SCMP_CMP_MASKED_EQ" ? BigInt(value) : 0n;
    if ((BigInt(valueTwo) & ~meaningful) !== 0n) problems.push("has a valueTwo that its op could never meet");
  }
  return problems;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, [error instanceof Error ? error.message : String(error)]);
  }
}

import * as z from "zod/mini";

/**
 * The supported fields of OCI and Docker seccomp profiles, and of the tools that write them; every other field is
 * refused by name.
 */
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
/**
 * TSYNC concerns threads that do not exist yet here; WAIT_KILLABLE_RECV concerns notifications, which no profile can
 * ask for. LOG is supported.
 */
const FLAGS = [
  "SECCOMP_FILTER_FLAG_TSYNC",
  "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
] as const;

/** Go omits a field, writes its zero value or writes null, and means the same. */
function unset<T extends z.core.$ZodType>(type: T) {
  return z.optional(z.nullable(type));
}

const action = z.enum(ACTIONS, {
  error: ({ input }) =>
    input === "SCMP_ACT_NOTIFY" || input === "SCMP_ACT_TRACE"
      ? `${input} needs a process outside that decides, which Bulkhead does not have`
      : `one of ${ACTIONS.join(", ")}`,
});
/** JSON numbers above 2^53 are read as other numbers: a filter must not compare with a value that no one wrote. */
const word = z.int({ error: "a whole number below 2^53 (larger ones are not read exactly)" }).check(z.gte(0));
const errno = unset(z.int().check(z.gte(0), z.lte(4095)));
const text = unset(z.string());
const texts = unset(z.array(z.string()));
const none = unset(z.literal("", { error: "needs a process outside that decides, which Bulkhead does not have" }));

const conditions = unset(
  z.strictObject({
    caps: texts,
    arches: texts,
    minKernel: unset(z.string().check(z.regex(/^(\d{1,3}\.\d{1,4})?$/, "a kernel version such as 4.8"))),
  }),
);
const argument = z.strictObject({
  index: z.int().check(z.gte(0), z.lte(5)),
  value: z.optional(word),
  valueTwo: z.optional(word),
  op: z.enum(OPERATIONS),
});
const callName = z.string().check(
  z.regex(/^[a-z0-9_]{1,64}$/, {
    error: ({ input }) =>
      String(input).startsWith("@")
        ? `${String(input)} is a group of systemd's: write out what \`systemd-analyze syscall-filter ${String(input)}\` lists`
        : "a system call's name",
  }),
);
const rule = z.strictObject({
  name: unset(z.union([z.literal(""), callName])),
  names: unset(z.array(callName)),
  action,
  errnoRet: errno,
  errno: text,
  args: unset(z.array(argument)),
  comment: text,
  includes: conditions,
  excludes: conditions,
});
const flag = z.enum(FLAGS, {
  error: ({ input }) =>
    input === "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
      ? `${input} takes a mitigation of the processor away: leave it out, everything else stays as it is`
      : `one of ${FLAGS.join(", ")}`,
});

export const ociProfile = z.strictObject({
  $schema: text,
  comment: text,
  defaultAction: action,
  defaultErrnoRet: errno,
  defaultErrno: text,
  architectures: texts,
  archMap: unset(z.array(z.strictObject({ architecture: z.string(), subArchitectures: texts }))),
  flags: unset(z.array(flag)),
  listenerPath: none,
  listenerMetadata: none,
  syscalls: unset(z.array(rule)),
  // Kubernetes' security-profiles-operator installs its resource's `spec`, with the base profile already merged into
  // it.
  state: unset(z.literal("Enabled", { error: "the profile says that it is not to be used" })),
  disabled: unset(z.literal(false, { error: "the profile says that it is not to be used" })),
  baseProfileName: text,
});

export type WrittenProfile = z.output<typeof ociProfile>;
export type WrittenRule = z.output<typeof rule>;
export type WrittenArgument = z.output<typeof argument>;

import { requireArguments } from "../arguments/require.js";
import { oneOf } from "../arguments/values.js";
import { partition } from "./blocks.js";
import { type Allowed, type BuiltIn, builtInProfile, type Condition } from "./built-in.js";
import type { OciArgument, OciProfile, OciRule } from "./oci.js";

const ENOSYS = 38;
const EPERM = 1;
const EAFNOSUPPORT = 97;

/**
 * One of our profiles as an OCI seccomp profile, for Docker, Podman, containerd, and `syscalls: { profile }`. Calls
 * refused for their arguments get ENOSYS where the format has no room for our errno (rules about several arguments).
 */
const builtIn = oneOf<BuiltIn>("default", "strict");

export function exportProfile(name: BuiltIn = "default"): OciProfile {
  requireArguments("exportProfile", ["name", builtIn, name]);
  const { allow, deny, absent, capabilities } = builtInProfile(name);
  const lifted = Object.entries(capabilities).map(([capability, overlay]) => ({
    capability: `CAP_${capability}`,
    rules: overlay.allow ?? [],
  }));
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    // No others: system calls of a foreign ABI kill.
    archMap: [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
    ],
    syscalls: [
      ...allow.flatMap((entry) => rulesOf(entry)),
      ...lifted.flatMap(({ capability, rules }) =>
        rules.flatMap((entry) => rulesOf(entry).map((rule) => ({ ...rule, includes: { caps: [capability] } }))),
      ),
      ...deny.flatMap(({ why, names }) => denials(names, why, lifted)),
      ...absent.map(({ why, names }) => ({
        names: [...names],
        action: "SCMP_ACT_ERRNO" as const,
        errnoRet: ENOSYS,
        comment: why,
      })),
    ],
  };
}

function rulesOf({ why, names, when = [], ...entry }: Allowed): readonly OciRule[] {
  const base = { names: [...names], comment: why };
  if (when.length === 0) return [{ ...base, action: "SCMP_ACT_ALLOW" }];
  const allowed = when.flatMap(combinations).map((args): OciRule => ({ ...base, action: "SCMP_ACT_ALLOW", args }));
  // With one condition the refused calls can be listed as well, with their errno.
  const [condition, ...more] = when.length === 1 ? (when[0] ?? []) : [];
  if (condition === undefined || more.length > 0) return allowed;
  const errnoRet = entry.else === "EAFNOSUPPORT" ? EAFNOSUPPORT : EPERM;
  const refused = sides(condition).refused.map(
    (arg): OciRule => ({ ...base, action: "SCMP_ACT_ERRNO", errnoRet, args: [arg] }),
  );
  return [...allowed, ...refused];
}

/** Every way to meet all conditions at once. */
function combinations(conditions: readonly Condition[]): OciArgument[][] {
  return conditions.reduce<OciArgument[][]>(
    (ways, condition) => ways.flatMap((way) => sides(condition).allowed.map((argument) => [...way, argument])),
    [[]],
  );
}

function sides({ arg, mask = "0xffffffff", in: among = {}, notIn = {} }: Condition): {
  readonly allowed: readonly OciArgument[];
  readonly refused: readonly OciArgument[];
} {
  const numbers = (words: Readonly<Record<string, string>>) => Object.values(words).map(Number);
  const isPositive = Object.keys(among).length > 0;
  const blocks = partition(isPositive ? numbers(among) : numbers(notIn), Number(mask));
  const [allowed, refused] = isPositive ? [blocks.in, blocks.out] : [blocks.out, blocks.in];
  const argument = (block: { readonly mask: number; readonly value: number }): OciArgument => ({
    index: arg,
    value: block.mask,
    valueTwo: block.value,
    op: "SCMP_CMP_MASKED_EQ",
  });
  return { allowed: allowed.map(argument), refused: refused.map(argument) };
}

type Lifted = readonly { readonly capability: string; readonly rules: readonly Allowed[] }[];

/** A call that a capability enables is not refused to a holder of that capability. */
function denials(names: readonly string[], comment: string, lifted: Lifted): readonly OciRule[] {
  const liftedBy = (name: string) =>
    lifted.filter(({ rules }) => rules.some((rule) => rule.names.includes(name))).map(({ capability }) => capability);
  const refuse = (some: readonly string[]): OciRule => ({
    names: [...some],
    action: "SCMP_ACT_ERRNO",
    errnoRet: EPERM,
    comment,
  });
  const always = names.filter((name) => liftedBy(name).length === 0);
  const others = names.filter((name) => liftedBy(name).length > 0);
  return [
    ...(always.length === 0 ? [] : [refuse(always)]),
    ...others.map((name) => ({ ...refuse([name]), excludes: { caps: [...liftedBy(name)] } })),
  ];
}

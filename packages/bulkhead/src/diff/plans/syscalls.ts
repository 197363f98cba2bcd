import { release } from "node:os";
import type { Seccomp } from "../../plan/schema.js";
import { BUILT_IN } from "../../syscalls/built-in.js";
import { exportProfile } from "../../syscalls/export.js";
import { type SettledAction, type SettledArgument, type SettledProfile, settle } from "../../syscalls/settle.js";
import { signed } from "./lists.js";

type Profile = Seccomp["profile"];

/** How far a profile allows a call. */
type Reach = "none" | "some" | "all";

interface Treatment {
  readonly reach: Reach;
  /** A canonical text of the call's rules, for comparison. */
  readonly said: string;
}

/**
 * Calls that another profile allows or refuses; nothing where both have rules for exactly the same calls and arguments.
 */
export function profileChanges(before: Profile, after: Profile, capabilities: readonly string[]): readonly string[] {
  const [one, other] = [before, after].map((profile) => settled(profile, capabilities));
  const names = `profile ${nameOf(before)} → ${nameOf(after)}`;
  if (one === undefined || other === undefined) return [names];
  const calls = [...new Set([one, other].flatMap(({ rules }) => rules.flatMap((rule) => rule.names)))].sort();
  const pairs = calls.map((call) => ({ call, was: treatment(one, call), is: treatment(other, call) }));
  const having = (was: readonly Reach[], is: readonly Reach[]) =>
    pairs
      .filter((pair) => was.includes(pair.was.reach) && is.includes(pair.is.reach) && pair.was.said !== pair.is.said)
      .map(({ call }) => call);
  const told = (what: string, some: readonly string[]) => (some.length === 0 ? "" : `${what}: ${some.join(", ")}`);
  return [
    nameOf(before) === nameOf(after) ? "" : names,
    signed("-", having(["some", "all"], ["none"])),
    signed("+", having(["none"], ["some", "all"])),
    told("with fewer arguments", having(["all"], ["some"])),
    told("with any arguments", having(["some"], ["all"])),
    told("with other arguments", having(["some"], ["some"])),
    told("refused in another way", having(["none"], ["none"])),
    action(one.default) === action(other.default)
      ? ""
      : `all others: ${action(one.default)} → ${action(other.default)}`,
  ].filter((line) => line !== "");
}

function nameOf(profile: Profile): string {
  return typeof profile === "string" ? profile : "of a file";
}

/**
 * Undefined for profiles that make up a wall and do not confine a workload: these come with their level and are not
 * compared.
 */
function settled(profile: Profile, capabilities: readonly string[]): SettledProfile | undefined {
  if (typeof profile !== "string") return profile;
  const name = BUILT_IN.find((each) => each === profile);
  return name === undefined
    ? undefined
    : settle(exportProfile(name), { architecture: process.arch, kernel: release(), capabilities });
}

function treatment(profile: SettledProfile, call: string): Treatment {
  const rules = profile.rules.filter(({ names }) => names.includes(call));
  const allowing = rules.filter(({ action: what }) => isAllowed(what));
  const outright = rules.find(({ args }) => args.length === 0);
  const fallback = outright?.action ?? profile.default;
  const reach =
    isAllowed(fallback) && allowing.length === rules.length
      ? "all"
      : allowing.length > 0 || isAllowed(fallback)
        ? "some"
        : "none";
  const said = [
    ...rules.map(({ action: what, args }) => [action(what), ...args.map(condition)].join(" ")).sort(),
    action(fallback),
  ];
  return { reach, said: reach === "all" ? "all" : said.join("\n") };
}

function isAllowed(what: SettledAction): boolean {
  return what === "allow" || what === "log";
}

function action(what: SettledAction): string {
  return typeof what === "string" ? what : `errno ${what.errno}`;
}

function condition({ index, op, value, valueTwo }: SettledArgument): string {
  return `${index} ${op} ${value} ${valueTwo}`;
}

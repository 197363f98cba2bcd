import type { SettledAction, SettledArgument, SettledProfile } from "./settle.js";

/**
 * Calls of init's child under the profile before it becomes another program: it executes the program, or reports why it
 * could not, and ends. Init's other calls run under a filter that allows them (`warden/plan/profiles/init.json`).
 */
export const STARTING_NEEDS = ["execve", "exit_group", "sendto"] as const;

/** Calls that every program needs to reach a proxy inside, or a name server: a TCP socket, connected. */
export const NETWORK_NEEDS: readonly Call[] = [
  // AF_INET and SOCK_STREAM; the flags beside the type differ between programs.
  { name: "socket", args: { 0: 2n } },
  { name: "connect", args: {} },
];

type Rules = Pick<SettledProfile, "default" | "rules">;

/** A call, as far as its arguments are known. */
interface Call {
  readonly name: string;
  readonly args: Readonly<Record<number, bigint>>;
}

/** Calls that every program needs to start and that a profile never allows, whatever their arguments. */
export function missingFor(profile: Rules): readonly string[] {
  return STARTING_NEEDS.filter((name) => !mayPass(profile, { name, args: {} }));
}

/** As `missingFor`, for calls that every program needs to reach a network. */
export function missingForNetwork(profile: Rules): readonly string[] {
  return NETWORK_NEEDS.filter((call) => !mayPass(profile, call)).map(({ name }) => name);
}

/** Whether a profile allows a call for some values of the unknown arguments. */
function mayPass(profile: Rules, { name, args: known }: Call): boolean {
  const rules = profile.rules.filter(({ names }) => names.includes(name));
  const isKnown = ({ index }: SettledArgument) => known[index] !== undefined;
  // The strictest matching rule decides: one that refuses and certainly matches is final.
  const refused = rules.some(
    ({ action, args }) => !passes(action) && args.every((each) => isKnown(each) && holds(each, known)),
  );
  if (refused) return false;
  if (passes(profile.default)) return true;
  return rules.some(({ action, args }) => passes(action) && args.every((each) => !isKnown(each) || holds(each, known)));
}

function passes(action: SettledAction): boolean {
  return action === "allow" || action === "log";
}

function holds({ index, op, value, valueTwo }: SettledArgument, known: Call["args"]): boolean {
  const given = known[index] ?? 0n;
  const wanted = BigInt(value);
  switch (op) {
    case "notEqual":
      return given !== wanted;
    case "less":
      return given < wanted;
    case "lessOrEqual":
      return given <= wanted;
    case "equal":
      return given === wanted;
    case "greaterOrEqual":
      return given >= wanted;
    case "greater":
      return given > wanted;
    case "maskedEqual":
      return (given & wanted) === BigInt(valueTwo);
  }
}

import type { SettledAction, SettledArgument, SettledProfile } from "./settle.js";

/**
 * What a child of init does under the profile before it is another program: it executes it, or says why it could not, and ends. All else that init
 * does, it does under a filter that lets it (`warden/plan/profiles/init.json`).
 */
export const STARTING_NEEDS = ["execve", "exit_group", "sendto"] as const;

/** What every program does that reaches a proxy inside, or a name: a TCP socket, connected. */
export const NETWORK_NEEDS: readonly Call[] = [
  // AF_INET and SOCK_STREAM; the flags beside the type differ from program to program.
  { name: "socket", args: { 0: 2n } },
  { name: "connect", args: {} },
];

type Rules = Pick<SettledProfile, "default" | "rules">;

/** A call, as far as its arguments are known. */
interface Call {
  readonly name: string;
  readonly args: Readonly<Record<number, bigint>>;
}

/** The calls that no program can start without and that a profile never lets through, whatever their arguments. */
export function missingFor(profile: Rules): readonly string[] {
  return STARTING_NEEDS.filter((name) => !mayPass(profile, { name, args: {} }));
}

/** As `missingFor`, without which no program reaches a network. */
export function missingForNetwork(profile: Rules): readonly string[] {
  return NETWORK_NEEDS.filter((call) => !mayPass(profile, call)).map(({ name }) => name);
}

/** Whether a profile lets a call through for some of the arguments that are not known. */
function mayPass(profile: Rules, { name, args: known }: Call): boolean {
  const rules = profile.rules.filter(({ names }) => names.includes(name));
  const isKnown = ({ index }: SettledArgument) => known[index] !== undefined;
  // The strictest of the rules that hold decides: one that refuses and surely holds is the end of it.
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

import { type Command, InvalidArgumentError, Option } from "commander";
import { oneOf } from "./choice.js";

/** The network flags, as commander parses them. */
export interface NetworkFlags {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly net?: string;
  readonly secret?: Readonly<Record<string, SecretFlag>>;
}

/** As in a policy. */
export interface SecretFlag {
  readonly hosts: readonly string[];
  readonly env?: string;
  readonly file?: string;
}

/** Adds those flags to a command. The policy's own check validates the rules. */
export function addNetworkFlags(command: Command): Command {
  return command
    .optionsGroup("Network:")
    .option("--allow <rule>", "allow HOST[:PORT], *.HOST, an address or a range (repeatable)", rule, undefined)
    .option("--deny <rule>", "deny these; overrides every --allow (repeatable)", rule, undefined)
    .addOption(
      oneOf(new Option("--net <network>", "none, or full: every public address (default: none)"), [
        "none",
        "full",
      ]).conflicts(["allow", "deny"]),
    )
    .option(
      "--secret <name=source@host>",
      "put env:VARIABLE or file:PATH into requests to HOST; inside, NAME holds a placeholder (repeatable)",
      secret,
      undefined,
    );
}

/** One rule per flag: ranges and paths may contain commas. */
function rule(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** `NAME=env:VARIABLE@HOST`, `NAME=file:PATH@HOST`; repeat with the same name for another host. */
export function secret(
  value: string,
  previous: Readonly<Record<string, SecretFlag>> = {},
): Readonly<Record<string, SecretFlag>> {
  const [, name, kind, source = "", host = ""] = /^([^=]+)=(env|file):(.+)@([^@]+)$/s.exec(value) ?? [];
  // The value itself would be visible in every process list.
  if (name === undefined) throw new InvalidArgumentError("It must be NAME=env:VARIABLE@HOST or NAME=file:PATH@HOST.");
  const from = kind === "env" ? { env: source } : { file: source };
  const given = previous[name];
  if (given !== undefined && (given.env !== from.env || given.file !== from.file)) {
    throw new InvalidArgumentError(`${name} comes from one source only.`);
  }
  return { ...previous, [name]: { hosts: [...(given?.hosts ?? []), host], ...from } };
}

/** Merges the flags into a policy's `network`: rules are appended, `--net` replaces. */
export function mergeNetwork(given: unknown, { allow, deny, net }: NetworkFlags): unknown {
  if (net !== undefined && allow === undefined && deny === undefined) return net;
  if (allow === undefined && deny === undefined) return given;
  const rules = typeof given === "object" && given !== null ? (given as Readonly<Record<string, unknown>>) : {};
  return {
    ...rules,
    ...(allow === undefined ? {} : { allow: [...listed(rules["allow"]), ...allow] }),
    ...(deny === undefined ? {} : { deny: [...listed(rules["deny"]), ...deny] }),
  };
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

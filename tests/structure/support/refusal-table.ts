import { readProjectFile } from "./sources.js";

interface Entry {
  readonly why: string;
  readonly names: readonly string[];
  readonly floor?: boolean;
}

interface Profile {
  readonly deny: readonly Entry[];
  readonly absent: readonly Entry[];
}

/**
 * Every call that the default profile refuses whatever its arguments: what a program sees, why, and whether a custom
 * profile allows it again.
 */
export function refusalTable(): string {
  const { deny, absent } = JSON.parse(readProjectFile("warden/plan/profiles/default.json")) as Profile;
  const row = (errno: string) => (entry: Entry) => {
    const calls = entry.names.map((name) => `\`${name}\``).join(" ");
    return `| ${calls} | ${errno} | ${entry.why.replaceAll("|", "\\|")} | ${entry.floor === true ? "never" : "yes"} |`;
  };
  return [...deny.map(row("EPERM")), ...absent.map(row("ENOSYS"))].join("\n");
}

if (process.argv[1]?.endsWith("refusal-table.ts") === true) process.stdout.write(`${refusalTable()}\n`);

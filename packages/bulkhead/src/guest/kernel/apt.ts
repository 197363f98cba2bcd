import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.js";

type OnLine = (line: string) => void;

/**
 * Options for an apt that knows this package: this machine's own, or one with lists of its own below `state`, for which nobody need be
 * root. Apt checks the signatures.
 *
 * Throws KERNEL_UNAVAILABLE when there is no apt or no network.
 */
export async function knowingApt(name: string, state: string, onLine: OnLine): Promise<readonly string[]> {
  const known = await command("apt-cache", ["policy", name]);
  if (/Candidate: (?!\(none\))/.test(known.toString())) return [];
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(state, "cache", "archives", "partial"), { recursive: true });
  const settings = {
    "Dir::State::lists": join(state, "lists"),
    "Dir::Cache": join(state, "cache"),
    "Acquire::Languages": "none",
    "APT::Sandbox::User": "",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  onLine("reading the distribution's package lists");
  await command("apt-get", [...options, "update"], { onLine });
  return options;
}

/** Names of the packages that this one needs, itself among them if it matches. @throws BulkheadError KERNEL_UNAVAILABLE */
export async function neededPackages(
  apt: readonly string[],
  name: string,
  matching: RegExp,
): Promise<readonly string[]> {
  const args = ["depends", "--recurse", "--no-recommends", "--no-suggests", name];
  const text = (await command("apt-cache", [...apt, ...args])).toString();
  return [...new Set(text.split("\n").filter((line) => matching.test(line)))].sort();
}

/**
 * Downloads packages and unpacks them into `directory/tree`; their install scripts do not run. Gives the tree, and what the packages are
 * called with their versions.
 *
 * Throws KERNEL_UNAVAILABLE.
 */
export async function unpackPackages(
  apt: readonly string[],
  names: readonly string[],
  directory: string,
  onLine: OnLine,
): Promise<{ readonly tree: string; readonly origin: string }> {
  onLine(`downloading ${names.join(" ")}`);
  const debs = join(directory, "debs");
  const tree = join(directory, "tree");
  await mkdir(debs);
  await mkdir(tree);
  await command("apt-get", [...apt, "download", ...names], { cwd: debs, onLine });
  const files = (await readdir(debs)).filter((file) => file.endsWith(".deb"));
  for (const file of files) await command("dpkg-deb", ["-x", join(debs, file), tree]);
  await rm(debs, { recursive: true });
  return { tree, origin: files.map((file) => file.replace(/_(?:amd64|all)\.deb$/, "")).join(" ") };
}

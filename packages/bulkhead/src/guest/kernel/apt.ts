import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "../command.js";

/** Receives each printed line, and cancels. */
export interface AptOptions {
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Options for an apt that knows this package: this machine's own, or one with its own lists below `state`, which does
 * not need root. Apt checks the signatures.
 *
 * Throws KERNEL_UNAVAILABLE if apt or the network is unavailable, ABORTED.
 */
export async function knowingApt(name: string, state: string, options: AptOptions): Promise<readonly string[]> {
  const { onLine, signal } = options;
  const known = await command("apt-cache", ["policy", name], { signal });
  if (/Candidate: (?!\(none\))/.test(known.toString())) return [];
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(state, "cache", "archives", "partial"), { recursive: true });
  const settings = {
    "Dir::State::lists": join(state, "lists"),
    "Dir::Cache": join(state, "cache"),
    "Acquire::Languages": "none",
    "APT::Sandbox::User": "",
  };
  const own = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  onLine("reading the distribution's package lists");
  await command("apt-get", [...own, "update"], { onLine, signal });
  return own;
}

/**
 * Names of the packages that this one needs, including itself if it matches.
 * @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED
 */
export async function neededPackages(
  apt: readonly string[],
  name: string,
  matching: RegExp,
  { signal }: AptOptions,
): Promise<readonly string[]> {
  const args = ["depends", "--recurse", "--no-recommends", "--no-suggests", name];
  const text = (await command("apt-cache", [...apt, ...args], { signal })).toString();
  return [...new Set(text.split("\n").filter((line) => matching.test(line)))].sort();
}

/**
 * Downloads packages and unpacks them into `directory/tree`, without running their install scripts. Returns the tree,
 * and the packages' names and versions.
 *
 * Throws KERNEL_UNAVAILABLE, ABORTED.
 */
export async function unpackPackages(
  apt: readonly string[],
  names: readonly string[],
  directory: string,
  { onLine, signal }: AptOptions,
): Promise<{ readonly tree: string; readonly origin: string }> {
  onLine(`downloading ${names.join(" ")}`);
  const debs = join(directory, "debs");
  const tree = join(directory, "tree");
  await mkdir(debs);
  await mkdir(tree);
  await command("apt-get", [...apt, "download", ...names], { cwd: debs, onLine, signal });
  const files = (await readdir(debs)).filter((file) => file.endsWith(".deb"));
  for (const file of files) await command("dpkg-deb", ["-x", join(debs, file), tree], { signal });
  await rm(debs, { recursive: true });
  return { tree, origin: files.map((file) => file.replace(/_(?:amd64|all)\.deb$/, "")).join(" ") };
}

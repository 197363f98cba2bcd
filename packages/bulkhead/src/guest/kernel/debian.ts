import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { command } from "../command.js";

/** The distribution's kernel for virtual machines, unpacked and never installed: the boot loader of this machine is not ours to touch. */
export interface UnpackedKernel {
  /** The boot image. */
  readonly image: string;
  /** `lib/modules/RELEASE`. */
  readonly modules: string;
  readonly release: string;
  /** The package that it came from, with its version. */
  readonly origin: string;
}

const META_PACKAGE = "linux-image-cloud-amd64";

/** Newer releases split it: `binary` has the kernel, `modules` the modules. */
const KERNEL_PACKAGE = /^linux-(?:image|binary|modules)-\d\S+-cloud-amd64$/;

/**
 * Downloads the kernel package by apt, which checks its signature, and unpacks it below `directory`.
 *
 * Throws KERNEL_UNAVAILABLE when there is no apt, no network, or no such package.
 */
export async function downloadKernel(directory: string, onLine: (line: string) => void): Promise<UnpackedKernel> {
  const apt = await knowingApt(join(directory, "apt"), onLine);
  const names = await kernelPackages(apt);
  onLine(`downloading ${names.join(" ")}`);
  const debs = join(directory, "debs");
  const tree = join(directory, "tree");
  await mkdir(debs);
  await mkdir(tree);
  await command("apt-get", [...apt, "download", ...names], { cwd: debs, onLine });
  const files = (await readdir(debs)).filter((file) => file.endsWith(".deb"));
  for (const file of files) await command("dpkg-deb", ["-x", join(debs, file), tree]);
  await rm(debs, { recursive: true });
  const origin = files.map((file) => file.replace(/_amd64\.deb$/, "")).join(" ");
  return { ...(await locate(tree)), origin };
}

async function kernelPackages(apt: readonly string[]): Promise<readonly string[]> {
  const args = ["depends", "--recurse", "--no-recommends", "--no-suggests", META_PACKAGE];
  const text = (await command("apt-cache", [...apt, ...args])).toString();
  const names = [...new Set(text.split("\n").filter((line) => KERNEL_PACKAGE.test(line)))].sort();
  if (names.length > 0) return names;
  throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "find package", path: META_PACKAGE });
}

/** Options for an apt that knows the package: this machine's own, or one with lists of its own, for which nobody need be root. */
async function knowingApt(state: string, onLine: (line: string) => void): Promise<readonly string[]> {
  const known = await command("apt-cache", ["policy", META_PACKAGE]);
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

async function locate(tree: string): Promise<Omit<UnpackedKernel, "origin">> {
  for (const lib of ["lib/modules", "usr/lib/modules"]) {
    const [release] = await readdir(join(tree, lib)).catch(() => []);
    if (release === undefined) continue;
    const modules = join(tree, lib, release);
    const inBoot = (await readdir(join(tree, "boot")).catch(() => [])).find((file) => file.startsWith("vmlinuz-"));
    return { release, modules, image: inBoot === undefined ? join(modules, "vmlinuz") : join(tree, "boot", inBoot) };
  }
  throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "unpack package", path: tree });
}

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { type AptOptions, knowingApt, neededPackages, unpackPackages } from "./apt.js";

/**
 * The distribution's kernel for virtual machines, unpacked but not installed: we must not touch this machine's boot
 * loader.
 */
export interface UnpackedKernel {
  /** The boot image. */
  readonly image: string;
  /** `lib/modules/RELEASE`. */
  readonly modules: string;
  readonly release: string;
  /** The package it came from, with its version. */
  readonly origin: string;
}

const META_PACKAGE = "linux-image-cloud-amd64";

/** Newer releases split it: `binary` contains the kernel, `modules` the modules. */
const KERNEL_PACKAGE = /^linux-(?:image|binary|modules)-\d\S+-cloud-amd64$/;

/**
 * Downloads the kernel package with apt, which checks its signature, and unpacks it below `directory`.
 *
 * Throws KERNEL_UNAVAILABLE if apt, the network or the package is unavailable; ABORTED.
 */
export async function downloadKernel(directory: string, options: AptOptions): Promise<UnpackedKernel> {
  const apt = await knowingApt(META_PACKAGE, join(directory, "apt"), options);
  const names = await neededPackages(apt, META_PACKAGE, KERNEL_PACKAGE, options);
  if (names.length === 0) {
    throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "find package", path: META_PACKAGE });
  }
  const { tree, origin } = await unpackPackages(apt, names, directory, options);
  return { ...(await locate(tree)), origin };
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

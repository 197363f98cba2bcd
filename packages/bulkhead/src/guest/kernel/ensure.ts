import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { kernelsPath } from "../location.js";
import { downloadKernel } from "./debian.js";
import { extractKernel } from "./extract.js";
import { collectModules } from "./modules.js";
import { defaultKernel, type Kernel, keepKernel, useKernel } from "./store.js";

/** How a kernel is had. */
export interface EnsureKernelOptions {
  /** Refuses rather than download. */
  readonly offline?: boolean;
  /** What is going on, a line at a time. */
  readonly onProgress?: (line: string) => void;
}

/**
 * The kernel that guests start with: the default one, or else the distribution's, fetched now.
 *
 * Throws KERNEL_UNAVAILABLE.
 */
export async function ensureKernel(options: EnsureKernelOptions = {}): Promise<Kernel> {
  const present = await defaultKernel();
  if (present !== undefined) return present;
  if (options.offline ?? (process.env["BULKHEAD_OFFLINE"] ?? "") !== "") {
    throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "download kernel", detail: "offline" });
  }
  return await fetchKernel(options);
}

/** Fetches the distribution's current one and makes it the default. @throws BulkheadError KERNEL_UNAVAILABLE */
export async function fetchKernel({ onProgress = () => undefined }: EnsureKernelOptions = {}): Promise<Kernel> {
  const root = kernelsPath();
  await mkdir(root, { recursive: true, mode: 0o755 });
  const work = await mkdtemp(join(root, ".work-"));
  try {
    const { image, modules, release, origin } = await downloadKernel(work, onProgress);
    onProgress("unpacking the kernel");
    const vmlinux = await extractKernel(await readFile(image), image);
    const kernel = await keepKernel({
      name: `debian-${release}`,
      release,
      origin,
      acpi: true, // the distribution builds it without CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES
      vmlinux,
      modules: await collectModules(modules),
    });
    await useKernel(kernel);
    return kernel;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

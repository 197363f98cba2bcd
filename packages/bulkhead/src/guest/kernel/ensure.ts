import { readFile } from "node:fs/promises";
import { throwIfAborted } from "../../errors/aborted.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { downloadKernel } from "./debian.js";
import { extractKernel } from "./extract.js";
import { collectModules } from "./modules.js";
import { defaultKernel, type Kernel, keepKernel, useKernel } from "./store.js";
import { inWorkDirectory } from "./work.js";

/** Options for getting a kernel. */
export interface EnsureKernelOptions {
  /** Fails instead of downloading. */
  readonly offline?: boolean;
  /** Called with each line of progress. */
  readonly onProgress?: (line: string) => void;
  /** Cancels the download. */
  readonly signal?: AbortSignal;
}

/**
 * The kernel that guests boot: the default one, or else the distribution's, which is fetched now.
 *
 * Throws KERNEL_UNAVAILABLE, ABORTED.
 */
export async function ensureKernel(options: EnsureKernelOptions = {}): Promise<Kernel> {
  const present = await defaultKernel();
  if (present !== undefined) return present;
  if (options.offline ?? (process.env["BULKHEAD_OFFLINE"] ?? "") !== "") {
    throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "download kernel", detail: "offline" });
  }
  return await fetchKernel(options);
}

/**
 * Fetches the distribution's current kernel and makes it the default.
 * @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED
 */
export async function fetchKernel(options: EnsureKernelOptions = {}): Promise<Kernel> {
  const { onProgress = () => undefined, signal } = options;
  return await inWorkDirectory(async (work) => {
    const { image, modules, release, origin } = await downloadKernel(work, { onLine: onProgress, signal });
    onProgress("unpacking the kernel");
    const vmlinux = await extractKernel(await readFile(image), image);
    const collected = await collectModules(modules);
    throwIfAborted("fetch kernel", signal);
    const kernel = await keepKernel({
      name: `debian-${release}`,
      release,
      origin,
      acpi: true, // the distribution builds it without CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES
      vmlinux,
      modules: collected,
    });
    await useKernel(kernel);
    return kernel;
  });
}

import type { BuildKernelOptions } from "./kernel/build/build.js";
import type { EnsureKernelOptions } from "./kernel/ensure.js";
import type { Kernel } from "./kernel/store.js";

/** Kernels for microVMs. What makes them is loaded when it is needed. */
export const kernels = {
  /** Fetches the distribution's current one, unpacks it and makes it the default. @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED */
  async fetch(options: EnsureKernelOptions = {}): Promise<Kernel> {
    const { fetchKernel } = await import("./kernel/ensure.js");
    return await fetchKernel(options);
  },

  /** Builds the small one of our own from the distribution's sources, which takes minutes, and makes it the default. @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED */
  async build(options: BuildKernelOptions = {}): Promise<Kernel> {
    const { buildKernel } = await import("./kernel/build/build.js");
    return await buildKernel(options);
  },

  /** The default one; or the distribution's, fetched now, where there is none. @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED */
  async ensure(options: EnsureKernelOptions = {}): Promise<Kernel> {
    const { ensureKernel } = await import("./kernel/ensure.js");
    return await ensureKernel(options);
  },

  /** Those that are there, and the name of the default. @throws BulkheadError KERNEL_UNAVAILABLE */
  async list(): Promise<{ readonly kernels: readonly Kernel[]; readonly current: string | null }> {
    const { defaultKernel, listKernels } = await import("./kernel/store.js");
    return { kernels: await listKernels(), current: (await defaultKernel())?.name ?? null };
  },

  /** Makes the one of this name the default. @throws BulkheadError KERNEL_UNAVAILABLE */
  async use(name: string): Promise<Kernel> {
    const { readKernel, useKernel } = await import("./kernel/store.js");
    const kernel = await readKernel(name);
    await useKernel(kernel);
    return kernel;
  },
};

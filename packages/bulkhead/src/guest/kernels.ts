import { whileTelling } from "../arguments/callbacks.js";
import { requireArguments } from "../arguments/require.js";
import { abortSignal, callback, flag, object, text, whole } from "../arguments/values.js";
import { defined } from "../values/defined.js";
import type { BuildKernelOptions } from "./kernel/build/build.js";
import type { EnsureKernelOptions } from "./kernel/ensure.js";
import type { Kernel } from "./kernel/store.js";

const ensureShape = {
  offline: flag,
  onProgress: callback<NonNullable<EnsureKernelOptions["onProgress"]>>(),
  signal: abortSignal,
} as const;
const ensureOptions = object<EnsureKernelOptions>(ensureShape);
const buildOptions = object<BuildKernelOptions>({ ...ensureShape, jobs: whole(1, 1024) });

async function telling<Options extends EnsureKernelOptions>(
  operation: string,
  options: Options,
  action: (options: Options) => Promise<Kernel>,
): Promise<Kernel> {
  const { onProgress, signal: given } = options;
  return await whileTelling({ operation, name: "options.onProgress" }, onProgress, given, ({ tell, signal }) =>
    action({ ...options, onProgress: tell, ...defined({ signal }) }),
  );
}

/** Manages kernels for microVMs. Their builder is loaded on demand. */
export const kernels = {
  /**
   * Fetches the distribution's current kernel, unpacks it and makes it the default.
   * @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED
   */
  async fetch(options: EnsureKernelOptions = {}): Promise<Kernel> {
    requireArguments("kernels.fetch", ["options", ensureOptions, options]);
    const { fetchKernel } = await import("./kernel/ensure.js");
    return await telling("kernels.fetch", options, fetchKernel);
  },

  /**
   * Builds our own small kernel from the distribution's sources, which takes minutes, and makes it the default.
   * @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED
   */
  async build(options: BuildKernelOptions = {}): Promise<Kernel> {
    requireArguments("kernels.build", ["options", buildOptions, options]);
    const { buildKernel } = await import("./kernel/build/build.js");
    return await telling("kernels.build", options, buildKernel);
  },

  /**
   * The default kernel; if there is none, fetches the distribution's.
   * @throws BulkheadError KERNEL_UNAVAILABLE, ABORTED
   */
  async ensure(options: EnsureKernelOptions = {}): Promise<Kernel> {
    requireArguments("kernels.ensure", ["options", ensureOptions, options]);
    const { ensureKernel } = await import("./kernel/ensure.js");
    return await telling("kernels.ensure", options, ensureKernel);
  },

  /** The kernels in the store, and the name of the default. @throws BulkheadError KERNEL_UNAVAILABLE */
  async list(): Promise<{ readonly kernels: readonly Kernel[]; readonly current: string | null }> {
    const { defaultKernel, listKernels } = await import("./kernel/store.js");
    return { kernels: await listKernels(), current: (await defaultKernel())?.name ?? null };
  },

  /** Makes the named kernel the default. @throws BulkheadError KERNEL_UNAVAILABLE */
  async use(name: string): Promise<Kernel> {
    requireArguments("kernels.use", ["name", text, name]);
    const { readKernel, useKernel } = await import("./kernel/store.js");
    const kernel = await readKernel(name);
    await useKernel(kernel);
    return kernel;
  },
};

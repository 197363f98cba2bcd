import type { SandboxOptions } from "../sandbox/sandbox.js";
import type { BuildImageOptions } from "./manage/build.js";
import type { ImageDetails } from "./manage/inspect.js";
import type { ImageList } from "./manage/summary.js";
import type { VerifiedImage, VerifyRules } from "./manage/verify.js";
import type { ImageOptions } from "./options.js";
import type { Digest } from "./reference/digest.js";
import type { Collected } from "./store/collect.js";

/** Which store; default as in `ImageOptions`. */
export interface StoreOptions {
  readonly store?: string;
}

export interface PullImageOptions extends Omit<ImageOptions, "pull">, SandboxOptions {
  /** Who must have signed it, as `images.verify` of a policy; paths are relative to the current directory. */
  readonly verify?: VerifyRules;
}

export interface VerifyImageOptions extends StoreOptions, Pick<ImageOptions, "registry"> {
  readonly signal?: AbortSignal;
}

/** The images that this user has. What does it is loaded when it is asked for: most programs never do. */
export const images = {
  /**
   * Brings an image from its registry, unpacked and ready to be run, whatever the store has of that name. Returns what the name means there.
   *
   * ```ts
   * const { digest } = await images.pull("python:3.13-slim");
   * ```
   * @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT, IMAGE_UNPACK_FAILED, IMAGE_STORE_UNAVAILABLE,
   * IMAGE_STORE_FULL, REGISTRY_UNAVAILABLE, REGISTRY_DENIED, REGISTRY_UNSAFE, REGISTRY_CREDENTIALS, SIGNATURE_*, ABORTED
   */
  async pull(
    name: string,
    options: PullImageOptions = {},
  ): Promise<{ readonly name: string; readonly digest: Digest }> {
    const { pullImage } = await import("./manage/pull.js");
    return await pullImage(name, options);
  },

  /**
   * Tells who signed an image, or throws: one of the store, or else of its registry, of which nothing but its manifest is fetched.
   *
   * ```ts
   * await images.verify("registry.example/team/tool:v1", [{ match: "*", key: "cosign.pub" }]);
   * ```
   * @throws BulkheadError SIGNATURE_MISSING, SIGNATURE_INVALID, SIGNATURE_RULE_MISSING, SIGNATURE_KEY_INVALID, POLICY_INVALID,
   * IMAGE_NAME_INVALID, IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT, REGISTRY_UNAVAILABLE, REGISTRY_DENIED, REGISTRY_UNSAFE,
   * REGISTRY_CREDENTIALS, IMAGE_STORE_UNAVAILABLE
   */
  async verify(name: string, rules: VerifyRules, options: VerifyImageOptions = {}): Promise<VerifiedImage> {
    const { verifyImage } = await import("./manage/verify.js");
    return await verifyImage(name, rules, options);
  },

  /** What is in the store, and what it takes of the disk. @throws BulkheadError IMAGE_STORE_UNAVAILABLE */
  async list({ store }: StoreOptions = {}): Promise<ImageList> {
    const { listImages } = await import("./manage/inspect.js");
    return await listImages(store);
  },

  /** One image of the store. @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_STORE_UNAVAILABLE */
  async inspect(name: string, { store }: StoreOptions = {}): Promise<ImageDetails> {
    const { inspectImage } = await import("./manage/inspect.js");
    return await inspectImage(name, store);
  },

  /**
   * Takes names away, and with them what no other name leads to; what a live process may have a sandbox of stays until `prune`.
   * @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_STORE_UNAVAILABLE
   */
  async remove(names: readonly string[], { store }: StoreOptions = {}): Promise<Collected> {
    const { removeImages } = await import("./manage/remove.js");
    return await removeImages(names, store);
  },

  /** Removes what no name leads to; with `all` also each name that no live process uses. @throws BulkheadError IMAGE_STORE_UNAVAILABLE */
  async prune({ store, all = false }: StoreOptions & { readonly all?: boolean } = {}): Promise<Collected> {
    const { pruneImages } = await import("./manage/remove.js");
    return await pruneImages(all, store);
  },

  /**
   * Takes an image in files (`oci:PATH[:TAG]`, `docker-archive:PATH[:NAME:TAG]`) into the store under a name.
   * @throws BulkheadError IMAGE_NAME_INVALID, and as reading an image in files does
   */
  async import(
    source: string,
    name: string,
    options: SandboxOptions & StoreOptions = {},
  ): Promise<{ readonly digest: Digest }> {
    const { importImage } = await import("./manage/import.js");
    const { digest } = await importImage(source, name, options);
    return { digest };
  },

  /**
   * Makes an image of what this machine has, under a name in the store: the built-in root with busybox, or, with `packages`, Debian's essential packages and those
   * (by mmdebstrap, which downloads them). It is run like any other image.
   * @throws BulkheadError IMAGE_BUILD_FAILED, IMAGE_NAME_INVALID, SETUP_MISSING, ABORTED, and as `import` does
   */
  async build(name: string, options: BuildImageOptions = {}): Promise<{ readonly digest: Digest }> {
    const { buildImage } = await import("./manage/build.js");
    const { digest } = await buildImage(name, options);
    return { digest };
  },

  /**
   * Writes an image of the store to `oci:DIRECTORY[:TAG]`, a directory that is not there yet.
   * @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_EXPORT_FAILED, IMAGE_INVALID, IMAGE_STORE_UNAVAILABLE
   */
  async export(name: string, target: string, { store }: StoreOptions = {}): Promise<void> {
    const { exportImage } = await import("./manage/export.js");
    await exportImage(name, target, store);
  },
} as const;

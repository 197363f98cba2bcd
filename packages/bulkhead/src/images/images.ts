import { whileTelling } from "../arguments/callbacks.js";
import { check } from "../arguments/check.js";
import { requireArguments } from "../arguments/require.js";
import { abortSignal, callback, flag, hostPath, list, object, text } from "../arguments/values.js";
import type { TaskOptions } from "../internal/plan.js";
import { defined } from "../values/defined.js";
import type { BuildImageOptions } from "./manage/build.js";
import type { ImageDetails } from "./manage/inspect.js";
import type {
  PruneOptions,
  PullImageOptions,
  StoreOptions,
  VerifyImageOptions,
  VerifyRules,
} from "./manage/options.js";
import type { ImageList } from "./manage/summary.js";
import type { VerifiedImage } from "./manage/verify.js";
import { imageOptionsShape, registryOptions } from "./options.js";
import type { Digest } from "./reference/digest.js";
import type { Collected } from "./store/collect.js";

const storeShape = { store: hostPath } as const;
const taskShape = { broker: hostPath, signal: abortSignal } as const;
const storeOptions = object<StoreOptions>(storeShape);
const { pull: _, ...pullShape } = imageOptionsShape;
/** The policy's schema checks a rule's fields. */
const verifyRules = check<VerifyRules>(Array.isArray, 'an array of rules, such as [{ match: "*", key: "cosign.pub" }]');
const pullOptions = object<PullImageOptions>({ ...taskShape, ...pullShape, verify: verifyRules });
const verifyOptions = object<VerifyImageOptions>({ ...storeShape, registry: registryOptions, signal: abortSignal });
const pruneOptions = object<PruneOptions>({ ...storeShape, all: flag });
const importOptions = object<TaskOptions & StoreOptions>({ ...taskShape, ...storeShape });
const buildOptions = object<BuildImageOptions>({
  ...taskShape,
  ...storeShape,
  packages: list(text),
  suite: text,
  mirror: text,
  onStep: callback<NonNullable<BuildImageOptions["onStep"]>>(),
});

/** Manages this user's images. Its code is loaded on demand, because most programs never use it. */
export const images = {
  /**
   * Pulls an image from its registry, unpacked and ready to run, even if the store has an image of that name. Returns
   * the name's digest in the registry.
   *
   * ```ts
   * const { digest } = await images.pull("python:3.13-slim");
   * ```
   * @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT, IMAGE_UNPACK_FAILED,
   * IMAGE_STORE_UNAVAILABLE, IMAGE_STORE_FULL, REGISTRY_UNAVAILABLE, REGISTRY_DENIED, REGISTRY_UNSAFE,
   * REGISTRY_CREDENTIALS, SIGNATURE_*, ABORTED
   */
  async pull(
    name: string,
    options: PullImageOptions = {},
  ): Promise<{ readonly name: string; readonly digest: Digest }> {
    requireArguments("images.pull", ["name", text, name], ["options", pullOptions, options]);
    const { pullImage } = await import("./manage/pull.js");
    return await pullImage(name, options);
  },

  /**
   * Returns who signed an image, or throws. Checks the store's image, or else the registry's, of which it fetches only
   * the manifest.
   *
   * ```ts
   * await images.verify("registry.example/team/tool:v1", [{ match: "*", key: "cosign.pub" }]);
   * ```
   * @throws BulkheadError SIGNATURE_MISSING, SIGNATURE_INVALID, SIGNATURE_RULE_MISSING, SIGNATURE_KEY_INVALID,
   * POLICY_INVALID, IMAGE_NAME_INVALID, IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT, REGISTRY_UNAVAILABLE,
   * REGISTRY_DENIED, REGISTRY_UNSAFE, REGISTRY_CREDENTIALS, IMAGE_STORE_UNAVAILABLE
   */
  async verify(name: string, rules: VerifyRules, options: VerifyImageOptions = {}): Promise<VerifiedImage> {
    requireArguments(
      "images.verify",
      ["name", text, name],
      ["rules", verifyRules, rules],
      ["options", verifyOptions, options],
    );
    const { verifyImage } = await import("./manage/verify.js");
    return await verifyImage(name, rules, options);
  },

  /** Lists the images in the store and their disk usage. @throws BulkheadError IMAGE_STORE_UNAVAILABLE */
  async list(options: StoreOptions = {}): Promise<ImageList> {
    requireArguments("images.list", ["options", storeOptions, options]);
    const { listImages } = await import("./manage/inspect.js");
    return await listImages(options.store);
  },

  /**
   * Returns one image of the store.
   * @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_STORE_UNAVAILABLE
   */
  async inspect(name: string, options: StoreOptions = {}): Promise<ImageDetails> {
    requireArguments("images.inspect", ["name", text, name], ["options", storeOptions, options]);
    const { inspectImage } = await import("./manage/inspect.js");
    return await inspectImage(name, options.store);
  },

  /**
   * Removes names, and data that no other name refers to; data that a live process may use in a sandbox stays until
   * `prune`.
   * @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_STORE_UNAVAILABLE
   */
  async remove(names: readonly string[], options: StoreOptions = {}): Promise<Collected> {
    requireArguments("images.remove", ["names", list(text), names], ["options", storeOptions, options]);
    const { removeImages } = await import("./manage/remove.js");
    return await removeImages(names, options.store);
  },

  /**
   * Removes data that no name refers to; with `all`, also each name that no live process uses.
   * @throws BulkheadError IMAGE_STORE_UNAVAILABLE
   */
  async prune(options: PruneOptions = {}): Promise<Collected> {
    requireArguments("images.prune", ["options", pruneOptions, options]);
    const { store, all = false } = options;
    const { pruneImages } = await import("./manage/remove.js");
    return await pruneImages(all, store);
  },

  /**
   * Imports an image from files (`oci:PATH[:TAG]`, `docker-archive:PATH[:NAME:TAG]`) into the store under a name.
   * @throws BulkheadError IMAGE_NAME_INVALID, and as reading an image from files does
   */
  async import(
    source: string,
    name: string,
    options: TaskOptions & StoreOptions = {},
  ): Promise<{ readonly digest: Digest }> {
    requireArguments(
      "images.import",
      ["source", text, source],
      ["name", text, name],
      ["options", importOptions, options],
    );
    const { importImage } = await import("./manage/import.js");
    const { digest } = await importImage(source, name, options);
    return { digest };
  },

  /**
   * Builds an image from this machine's software, under a name in the store: the built-in root with busybox, or, with
   * `packages`, Debian's essential packages and those named (by mmdebstrap, which downloads them). It runs like any
   * other image.
   * @throws BulkheadError IMAGE_BUILD_FAILED, IMAGE_NAME_INVALID, SETUP_MISSING, ABORTED, and as `import` does
   */
  async build(name: string, options: BuildImageOptions = {}): Promise<{ readonly digest: Digest }> {
    requireArguments("images.build", ["name", text, name], ["options", buildOptions, options]);
    const { buildImage } = await import("./manage/build.js");
    const { onStep, signal: given } = options;
    const told = { operation: "images.build", name: "options.onStep" };
    const { digest } = await whileTelling(
      told,
      onStep,
      given,
      async ({ tell, signal }) => await buildImage(name, { ...options, onStep: tell, ...defined({ signal }) }),
    );
    return { digest };
  },

  /**
   * Writes an image of the store to `oci:DIRECTORY[:TAG]`, a directory that must not exist yet.
   * @throws BulkheadError IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_EXPORT_FAILED, IMAGE_INVALID,
   * IMAGE_STORE_UNAVAILABLE
   */
  async export(name: string, target: string, options: StoreOptions = {}): Promise<void> {
    requireArguments(
      "images.export",
      ["name", text, name],
      ["target", text, target],
      ["options", storeOptions, options],
    );
    const { exportImage } = await import("./manage/export.js");
    await exportImage(name, target, options.store);
  },
} as const;

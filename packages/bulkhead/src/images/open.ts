import type { TaskOptions } from "../internal/plan.js";
import type { VerifyRule } from "../policy/resolved.js";
import { defined } from "../values/defined.js";
import { resolveArchive } from "./archive/archive.js";
import type { ImageConfig } from "./documents/image-config.js";
import type { ResolvedImage } from "./image.js";
import { resolveLayout } from "./layout/layout.js";
import type { ImageOptions } from "./options.js";
import { chainKey, treeKeys } from "./reference/chain.js";
import type { Digest } from "./reference/digest.js";
import { formatImageName, type ImageName } from "./reference/name.js";
import { type ImageFile, parseImageSource } from "./reference/source.js";
import { requireNoRule, ruleFor } from "./signatures/rules.js";
import type { NameRecord } from "./store/names.js";
import { PULL } from "./store/pins.js";
import { Store } from "./store/store.js";
import { findStored, notLocal, storedLayers } from "./stored.js";
import { findStacked, unpackInto } from "./unpack/into-store.js";
import { DEFAULT_UNPACK_LIMITS } from "./unpack/limits.js";

/**
 * An image that is ready to be a root file system. It stays in the store until it is disposed of or this process ends.
 */
export interface OpenedImage extends Disposable {
  /** Directories that form the root file system through overlayfs, topmost first; mount them read-only. */
  readonly layers: readonly string[];
  readonly digest: Digest;
  readonly config: ImageConfig;
  /**
   * If reopening needs only a lookup: pins the same image once more, or returns undefined once the name means another
   * image.
   */
  readonly again?: (options: ImageOptions) => Promise<Disposable | undefined>;
}

export interface OpenImageOptions extends TaskOptions, ImageOptions {
  /** Who must have signed it: `images.verify` of the policy. Null: no signature needed. */
  readonly verify?: readonly VerifyRule[] | null;
}

/**
 * Opens an image: a name in a registry, `oci:PATH[:TAG]` (an OCI image layout directory), or
 * `docker-archive:PATH[:NAME:TAG]` (from `docker save`). Checks its documents, and pulls and unpacks whatever the store
 * lacks.
 *
 * Throws IMAGE_NAME_INVALID, IMAGE_NOT_FOUND, IMAGE_NOT_LOCAL, IMAGE_INVALID, IMAGE_LIMIT, IMAGE_UNPACK_FAILED,
 * IMAGE_STORE_UNAVAILABLE, IMAGE_STORE_FULL, REGISTRY_*, SIGNATURE_*, SETUP_MISSING, and as creating the sandbox that
 * unpacks does.
 */
export async function openImage(source: string, options: OpenImageOptions = {}): Promise<OpenedImage> {
  const parsed = parseImageSource(source);
  if (parsed.kind === "registry") return await openNamed(await Store.open(options.store), parsed.name, options);
  requireNoRule(options.verify ?? null, source);
  await using image = await resolveFile(parsed, options);
  const store = await Store.open(options.store);
  const { digest, config } = image;
  return await held(store, image.layers, async () => {
    const { paths } = await unpackInto(store, image.layers, { ...sandboxOptions(options), limits: options.limits });
    return { layers: paths, digest, config };
  });
}

/**
 * Reads the documents of an image in files. Leaves its layers alone, but decompresses an archive that is compressed as
 * a whole.
 */
export function resolveFile(
  { kind, path, tag }: ImageFile,
  options: TaskOptions & Pick<OpenImageOptions, "limits"> & { readonly store?: string | undefined },
): Promise<ResolvedImage> {
  switch (kind) {
    case "oci":
      return resolveLayout(path, tag, options.signal);
    case "docker-archive":
      return resolveArchive(
        path,
        tag,
        async (input) => {
          const { decompress } = await import("./unpack/decompress.js");
          const limits = { ...DEFAULT_UNPACK_LIMITS, ...options.limits };
          return await decompress(input, await Store.open(options.store), limits, sandboxOptions(options));
        },
        options.signal,
      );
  }
}

async function openNamed(store: Store, name: ImageName, options: OpenImageOptions): Promise<OpenedImage> {
  const when = options.pull ?? "missing";
  const rule = ruleFor(options.verify ?? null, name);
  const found = when === "always" ? undefined : await openStored(store, name, rule, options);
  if (found !== undefined) return found;
  if (when === "never") throw notLocal(name);
  // Loaded late: an image in the store does not need the code for registries.
  const { pull } = await import("./pull/pull.js");
  const { registry, limits, onEvent } = options;
  const { record, paths, pin } = await pull(store, name, {
    registry,
    limits,
    onEvent,
    rule,
    sandbox: sandboxOptions(options),
  });
  return { layers: paths, digest: record.digest, config: record.config, [Symbol.dispose]: () => pin[Symbol.dispose]() };
}

async function openStored(
  store: Store,
  name: ImageName,
  rule: VerifyRule | undefined,
  options: OpenImageOptions,
): Promise<OpenedImage | undefined> {
  const stamp = store.names.stamp(formatImageName(name));
  const record = await findStored(store, name);
  if (record === undefined) return undefined;
  const { digest, config } = record;
  if (rule !== undefined) await requireStoredSignature(store, name, record, rule, options);
  // A rule requires a signature check each time; a record found by its digest alone has no stamp.
  const again =
    rule === undefined && stamp !== undefined
      ? { again: async (asked: ImageOptions) => await holdAgain(store, name, stamp, record, asked) }
      : {};
  const stacked = async () => {
    const found = findStacked(store, record.layers);
    if (found !== undefined) return { layers: found, digest, config, ...again };
    // Its trees were collected, or built by an earlier version's rules.
    using _ = await store.pins.holdFor(PULL);
    const layers = await storedLayers(store, record);
    if (layers === undefined) throw GONE;
    const { paths } = await unpackInto(store, layers, { ...sandboxOptions(options), limits: options.limits });
    return { layers: paths, digest, config };
  };
  return await held(store, record.layers, stacked).catch((error: unknown) => {
    if (error !== GONE) throw error;
    return undefined;
  });
}

/** Reads nothing, because every launch from an image that was launched before comes through here. */
async function holdAgain(
  store: Store,
  name: ImageName,
  stamp: string,
  { layers }: NameRecord,
  asked: ImageOptions,
): Promise<Disposable | undefined> {
  if (asked.pull === "always" || !store.isAt(asked.store)) return undefined;
  const pin = await store.pins.use(chainKey(layers), treeKeys(layers));
  // Check while it is pinned, so that the result stays valid.
  const same = store.names.stamp(formatImageName(name)) === stamp && findStacked(store, layers) !== undefined;
  if (same) return pin;
  pin[Symbol.dispose]();
  return undefined;
}

/** Its blobs were collected as well, so the name alone is useless. */
const GONE = Symbol("gone");

/** Pins the trees of these layers before looking for them; the caller owns the pin if this succeeds. */
async function held<T extends object>(
  store: Store,
  layers: readonly { readonly digest: Digest }[],
  open: () => Promise<T>,
): Promise<T & Disposable> {
  const pin = await store.pins.use(chainKey(layers), treeKeys(layers));
  try {
    return { ...(await open()), [Symbol.dispose]: () => pin[Symbol.dispose]() };
  } catch (error) {
    pin[Symbol.dispose]();
    throw error;
  }
}

/**
 * However the image got here, it must carry the signature that the policy now requires. Asks its registry if the store
 * has no such signature.
 */
async function requireStoredSignature(
  store: Store,
  name: ImageName,
  { digest, manifest }: NameRecord,
  rule: VerifyRule,
  { pull, registry, signal }: OpenImageOptions,
): Promise<void> {
  const { requireSignature } = await import("./signatures/verify.js");
  const { RemoteRegistry } = await import("./fetcher/remote.js");
  const { Reader } = await import("./reader/reader.js");
  const { registrySettings } = await import("./registry/settings.js");
  const image = { name, digest, manifest: manifest.digest };
  using remote = new RemoteRegistry(name, registrySettings(registry), signal);
  using reader = new Reader({ registry: remote, signal });
  await requireSignature(store, image, rule, reader, pull !== "never");
}

function sandboxOptions({ broker, signal }: TaskOptions): TaskOptions {
  return defined({ broker, signal });
}

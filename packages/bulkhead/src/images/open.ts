import { BulkheadError } from "../errors/bulkhead-error.js";
import type { SandboxOptions } from "../sandbox/sandbox.js";
import { resolveArchive } from "./archive/archive.js";
import type { ImageConfig } from "./documents/config.js";
import type { ResolvedImage } from "./image.js";
import { resolveLayout } from "./layout/layout.js";
import { chainKey } from "./reference/chain.js";
import type { Digest } from "./reference/digest.js";
import { type ImageFile, parseImageFile } from "./reference/source.js";
import { Store } from "./store/store.js";
import { DEFAULT_UNPACK_LIMITS, type UnpackLimits } from "./unpack/limits.js";
import { unpackLayers } from "./unpack/unpack.js";

/** An image that is ready to be a root file system. */
export interface OpenedImage {
  /** The root file system: to be mounted read-only, its owner standing for root. */
  readonly path: string;
  readonly digest: Digest;
  readonly config: ImageConfig;
}

export interface OpenImageOptions extends SandboxOptions {
  /** Bounds of unpacking, where they differ from DEFAULT_UNPACK_LIMITS. */
  readonly limits?: Partial<UnpackLimits>;
  /** The store's directory. Default: BULKHEAD_STORE, or by user (`store/location.ts`). */
  readonly store?: string;
}

/** What this process is unpacking: a second request for the same tree waits for the first. */
const underWay = new Map<string, Promise<string>>();

/**
 * Opens `oci:PATH[:TAG]` (an OCI image layout directory) or `docker-archive:PATH[:NAME:TAG]` (what `docker save`
 * writes): checks its documents, and unpacks it unless the store has it already.
 *
 * Throws IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT, IMAGE_UNPACK_FAILED, IMAGE_STORE_UNAVAILABLE, SETUP_MISSING, and
 * what creating the sandbox that unpacks throws.
 */
export async function openImage(source: string, options: OpenImageOptions = {}): Promise<OpenedImage> {
  await using image = await resolve(parseImageFile(source));
  const store = await Store.open(options.store);
  const key = chainKey(image.layers.map(({ digest }) => digest));
  const path = (await store.find(key)) ?? (await unpackOnce(store, key, image, options));
  return { path, digest: image.digest, config: image.config };
}

function resolve({ kind, path, tag }: ImageFile): Promise<ResolvedImage> {
  switch (kind) {
    case "oci":
      return resolveLayout(path, tag);
    case "docker-archive":
      return resolveArchive(path, tag);
  }
}

async function unpackOnce(store: Store, key: string, image: ResolvedImage, options: OpenImageOptions): Promise<string> {
  const known = `${options.store ?? ""}\n${key}`;
  const other = underWay.get(known);
  if (other !== undefined) {
    // Its caller may give up, which is no reason for this one to.
    return await other.catch((error: unknown) => {
      if (!(error instanceof BulkheadError) || error.code !== "ABORTED") throw error;
      return unpackOnce(store, key, image, options);
    });
  }
  const { limits: asked, store: _, ...sandbox } = options;
  const limits = { ...DEFAULT_UNPACK_LIMITS, ...asked };
  const running = store.make(key, (root) => unpackLayers(image.layers, root, limits, sandbox));
  underWay.set(known, running);
  return await running.finally(() => underWay.delete(known));
}

import type { ImageConfig } from "../documents/image-config.js";
import { treeKeys } from "../reference/chain.js";
import type { Digest } from "../reference/digest.js";
import { parseImageName } from "../reference/name.js";
import { Store } from "../store/store.js";
import { quotaBytes, usageOf } from "../store/usage.js";
import { findStored, notLocal } from "../stored.js";
import { findStacked } from "../unpack/into-store.js";
import { type ImageList, type ImageSummary, summaryOf } from "./summary.js";

/** All details of one image in the store. */
export interface ImageDetails extends ImageSummary {
  readonly manifest: { readonly digest: Digest; readonly sizeBytes: number; readonly mediaType: string };
  readonly configuration: { readonly digest: Digest; readonly sizeBytes: number };
  /** Lowest first. */
  readonly layerList: readonly { readonly digest: Digest; readonly sizeBytes: number; readonly diffId: Digest }[];
  readonly config: ImageConfig;
  /** Directories that form its root file system through overlayfs, topmost first; null if it is not unpacked. */
  readonly trees: readonly string[] | null;
}

/** All names in the store, sorted, and their disk usage. Throws IMAGE_STORE_UNAVAILABLE. */
export async function listImages(path: string | undefined): Promise<ImageList> {
  const store = await Store.open(path);
  const [records, trees, usage] = await Promise.all([store.names.list(), store.trees(), usageOf(store)]);
  const named = new Set(records.flatMap(({ layers }) => treeKeys(layers)));
  return {
    images: records.map((record) => summaryOf(store, record, trees)),
    usage,
    quotaBytes: quotaBytes() ?? null,
    unnamedTrees: [...trees.keys()].filter((key) => !named.has(key)).length,
  };
}

/** Throws IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_STORE_UNAVAILABLE. */
export async function inspectImage(text: string, path: string | undefined): Promise<ImageDetails> {
  const name = parseImageName(text);
  const store = await Store.open(path);
  const record = await findStored(store, name);
  if (record === undefined) throw notLocal(name);
  const { manifest, configuration, layers, config } = record;
  const summary = summaryOf(store, record, await store.trees());
  return {
    ...summary,
    manifest,
    configuration,
    layerList: layers,
    config,
    trees: findStacked(store, layers) ?? null,
  };
}

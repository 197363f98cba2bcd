import { chainKey, layerKeys } from "../reference/chain.js";
import type { Digest } from "../reference/digest.js";
import { type ImageName, parseImageName, shortImageName } from "../reference/name.js";
import type { NameRecord } from "../store/names.js";
import type { Store, TreeRecord } from "../store/store.js";
import type { Usage } from "../store/usage.js";

/** One name in the store. */
export interface ImageSummary {
  /** In the short form that people write. */
  readonly name: string;
  /** With registry and tag or digest: nothing omitted. */
  readonly fullName: string;
  /** Digest of the name in its registry. */
  readonly digest: Digest;
  readonly layers: number;
  /** Compressed size of its layers. Shared layers count in each image. */
  readonly blobBytes: number;
  /** Size of its files, layer by layer; null if a layer is not unpacked. Shared layers count in each image. */
  readonly treeBytes: number | null;
  /** ISO 8601. */
  readonly pulledAt: string;
  /** Whether a live process may have a sandbox of it. */
  readonly inUse: boolean;
}

export interface ImageList {
  readonly images: readonly ImageSummary[];
  /** The whole store, with everything counted once. */
  readonly usage: Usage;
  /** Maximum bytes of the store (BULKHEAD_STORE_QUOTA); null: limited only by the disk. */
  readonly quotaBytes: number | null;
  /** Unpacked trees without a name: of images from files, and of names that were removed while in use. */
  readonly unnamedTrees: number;
}

export function summaryOf(
  store: Store,
  record: NameRecord,
  trees: ReadonlyMap<string, TreeRecord | undefined>,
): ImageSummary {
  return {
    name: shortImageName(nameOf(record)),
    fullName: record.name,
    digest: record.digest,
    layers: record.layers.length,
    blobBytes: record.layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    treeBytes: treeBytes(layerKeys(record.layers), trees),
    pulledAt: record.pulledAt,
    inUse: store.pins.isHeld(chainKey(record.layers)),
  };
}

function treeBytes(keys: readonly string[], trees: ReadonlyMap<string, TreeRecord | undefined>): number | null {
  const records = keys.map((key) => trees.get(key));
  if (!records.every((record) => record !== undefined)) return null;
  return records.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function nameOf({ name }: NameRecord): ImageName {
  return parseImageName(name);
}

import { chainKey, layerKeys } from "../reference/chain.js";
import type { Digest } from "../reference/digest.js";
import { type ImageName, parseImageName, shortImageName } from "../reference/name.js";
import type { NameRecord } from "../store/names.js";
import type { Store, TreeRecord } from "../store/store.js";
import type { Usage } from "../store/usage.js";

/** One name in the store. */
export interface ImageSummary {
  /** As people write it. */
  readonly name: string;
  /** With registry and tag or digest: nothing left out. */
  readonly fullName: string;
  /** What the name meant in its registry. */
  readonly digest: Digest;
  readonly layers: number;
  /** Its layers as they come over the network. Images that have layers in common count them each. */
  readonly blobBytes: number;
  /** Its files, layer by layer; null where one is not unpacked. Images that have layers in common count them each. */
  readonly treeBytes: number | null;
  /** ISO 8601. */
  readonly pulledAt: string;
  /** Of a process that may have a sandbox of it. */
  readonly inUse: boolean;
}

export interface ImageList {
  readonly images: readonly ImageSummary[];
  /** Of the whole store, each thing counted once. */
  readonly usage: Usage;
  /** The most that it may take, in bytes (BULKHEAD_STORE_QUOTA); null: as much as the disk has. */
  readonly quotaBytes: number | null;
  /** Unpacked files that no name leads to: of images in files, and of names that were removed while in use. */
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

import { lstat, unlink } from "node:fs/promises";
import { treeKeys } from "../reference/chain.js";
import type { Digest } from "../reference/digest.js";
import type { NameRecord } from "./names.js";
import { PULL } from "./pins.js";
import { removeTree } from "./remove-tree.js";
import type { Store } from "./store.js";
import { ignoreMissing } from "./work-claims.js";

/** What was removed, and what stays because it is in use. */
export interface Collected {
  readonly trees: number;
  /** EROFS images. */
  readonly erofs: number;
  readonly blobs: number;
  readonly freedBytes: number;
  /** Trees that live processes use; collected after these have ended. */
  readonly treesInUse: number;
  /** A pull is in progress, so no blob was removed. */
  readonly pulling: boolean;
}

/** What may be removed; undefined: everything without a name. */
export interface Candidates {
  readonly trees: ReadonlySet<string>;
  readonly blobs: ReadonlySet<Digest>;
}

/**
 * Removes data that no name refers to and no live process uses. Reads the names after it starts the deletion: a
 * process that adds a name holds a pin from before until after.
 */
export async function collect(store: Store, candidates?: Candidates): Promise<Collected> {
  const trees = await collectTrees(store, candidates?.trees);
  // After the trees: without them no image of theirs can be found.
  const erofs = await collectErofs(store, candidates === undefined);
  const blobs = await collectBlobs(store, candidates?.blobs);
  return {
    trees: trees.count,
    erofs: erofs.count,
    blobs: blobs.count,
    freedBytes: trees.bytes + erofs.bytes + blobs.bytes,
    treesInUse: trees.inUse,
    pulling: blobs.pulling,
  };
}

/** Data of these images, for `collect`. */
export function candidatesOf(records: readonly NameRecord[]): Candidates {
  return {
    trees: new Set(records.flatMap(({ layers }) => treeKeys(layers))),
    blobs: new Set(records.flatMap(blobsOf)),
  };
}

async function collectTrees(store: Store, among: ReadonlySet<string> | undefined) {
  const found = { count: 0, bytes: 0, inUse: 0 };
  const named = await namedTrees(store);
  for (const [key, record] of await store.trees()) {
    if (named.has(key) || among?.has(key) === false) continue;
    const remains = await detach(store, key);
    if (remains === "in use") {
      found.inUse += 1;
    } else if (remains !== "named") {
      await removeTree(remains.path);
      found.count += 1;
      found.bytes += record?.bytes ?? 0;
    }
  }
  return found;
}

/** Takes a tree out of the store; its deletion lasts only while that takes place, not while its files are removed. */
async function detach(store: Store, key: string): Promise<"in use" | "named" | { readonly path: string }> {
  using deletion = await store.pins.startDeletion(key);
  if (deletion === undefined) return "in use";
  if ((await namedTrees(store)).has(key)) return "named";
  return { path: await store.detachTree(key) };
}

/** `all`: also those of directories outside the store, which no name refers to. */
async function collectErofs(store: Store, all: boolean) {
  const found = { count: 0, bytes: 0 };
  for (const { key, bytes, named, ofStore } of await store.erofs.list()) {
    if (named || (!all && !ofStore)) continue;
    using deletion = await store.pins.startDeletion(store.erofs.pin(key));
    if (deletion === undefined) continue;
    await removeTree(await store.erofs.detach(key));
    found.count += 1;
    found.bytes += bytes;
  }
  return found;
}

async function collectBlobs(store: Store, among: ReadonlySet<Digest> | undefined) {
  const found = { count: 0, bytes: 0, pulling: false };
  using deletion = await store.pins.startDeletion(PULL);
  if (deletion === undefined) return { ...found, pulling: true };
  const records = await store.names.list();
  await store.signatures.collect(new Set(records.flatMap(({ digest, manifest }) => [digest, manifest.digest])));
  const named = new Set(records.flatMap(blobsOf));
  for await (const { digest, sizeBytes } of store.blobs.list()) {
    if (named.has(digest) || among?.has(digest) === false) continue;
    await store.blobs.remove(digest);
    found.count += 1;
    found.bytes += sizeBytes;
  }
  // A partial blob has no name that tells whether it is among the candidates.
  for (const path of among === undefined ? await store.blobs.broken() : []) {
    found.bytes += (await lstat(path).catch(() => undefined))?.size ?? 0;
    await unlink(path).catch(ignoreMissing);
  }
  return found;
}

async function namedTrees(store: Store): Promise<ReadonlySet<string>> {
  return new Set((await store.names.list()).flatMap(({ layers }) => treeKeys(layers)));
}

function blobsOf({ manifest, configuration, layers }: NameRecord): readonly Digest[] {
  return [manifest.digest, configuration.digest, ...layers.map(({ digest }) => digest)];
}

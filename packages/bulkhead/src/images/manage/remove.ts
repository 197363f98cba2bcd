import { chainKey } from "../reference/chain.js";
import { parseImageName } from "../reference/name.js";
import { type Collected, candidatesOf, collect } from "../store/collect.js";
import type { NameRecord } from "../store/names.js";
import { Store } from "../store/store.js";
import { findStored, notLocal } from "../stored.js";

/**
 * Removes names, and data that no other name refers to and no live process uses. Removes nothing if one of the names
 * does not exist. Throws IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_STORE_UNAVAILABLE.
 */
export async function removeImages(names: readonly string[], path: string | undefined): Promise<Collected> {
  const parsed = names.map(parseImageName);
  const store = await Store.open(path);
  const records: NameRecord[] = [];
  for (const name of parsed) {
    const record = await findStored(store, name);
    if (record === undefined) throw notLocal(name);
    records.push(record);
  }
  for (const { name } of records) await store.names.remove(name);
  return await collect(store, candidatesOf(records));
}

/**
 * Removes everything that no name refers to and no live process uses: unpacked images from files, broken downloads,
 * earlier images of names that were pulled again. `all`: also names that no live process uses.
 */
export async function pruneImages(all: boolean, path: string | undefined): Promise<Collected> {
  const store = await Store.open(path);
  if (all) {
    const unused = (await store.names.list()).filter(({ layers }) => !store.pins.isHeld(chainKey(layers)));
    for (const { name } of unused) await store.names.remove(name);
  }
  return await collect(store);
}

import { BulkheadError } from "../errors/bulkhead-error.js";
import type { ImageLayer } from "./image.js";
import { formatImageName, type ImageName } from "./reference/name.js";
import type { NameRecord } from "./store/names.js";
import type { Store } from "./store/store.js";

/**
 * The store's record of a name: that name itself, or for one with a digest any name of the same repository that led to
 * it.
 */
export async function findStored(store: Store, name: ImageName): Promise<NameRecord | undefined> {
  const exact = store.names.find(formatImageName(name));
  if (exact !== undefined || name.digest === undefined) return exact;
  const { digest } = name;
  const repository = `${name.registry}/${name.repository}`;
  const records = await store.names.list();
  return records.find(
    (record) =>
      (record.digest === digest || record.manifest.digest === digest) &&
      record.name.startsWith(repository) &&
      /^[:@]/.test(record.name.slice(repository.length)),
  );
}

/** The layers of a pulled image, to unpack again; undefined if a blob is missing. */
export async function storedLayers(store: Store, record: NameRecord): Promise<readonly ImageLayer[] | undefined> {
  const present = await Promise.all(record.layers.map(({ digest }) => store.blobs.has(digest)));
  if (!present.every(Boolean)) return undefined;
  return record.layers.map((layer) => ({ ...layer, open: () => store.blobs.stream(layer.digest) }));
}

/** The image is not in the store, and no registry may be asked. */
export function notLocal(name: ImageName): BulkheadError {
  return new BulkheadError("IMAGE_NOT_LOCAL", { operation: "find image", path: formatImageName(name) });
}

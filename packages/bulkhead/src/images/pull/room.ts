import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Digest } from "../reference/digest.js";
import type { Store } from "../store/store.js";
import { quotaBytes, usageOf } from "../store/usage.js";

/**
 * Maximum unpacked size of an image with these layers, if the store has a quota; `otherwise` if it has none. Throws
 * IMAGE_STORE_FULL if even the compressed layers do not fit.
 */
export async function roomFor(
  store: Store,
  layers: readonly { readonly digest?: Digest; readonly sizeBytes: number }[],
  otherwise: number,
): Promise<number> {
  const quota = quotaBytes();
  if (quota === undefined) return otherwise;
  let missing = 0;
  for (const { digest, sizeBytes } of layers) {
    if (digest === undefined || !(await store.blobs.has(digest))) missing += sizeBytes;
  }
  const { blobBytes, treeBytes, erofsBytes, brokenBytes } = await usageOf(store);
  const room = quota - blobBytes - treeBytes - erofsBytes - brokenBytes - missing;
  if (room > 0) return room;
  throw new BulkheadError("IMAGE_STORE_FULL", { operation: "pull", path: store.path, detail: `${quota} bytes` });
}

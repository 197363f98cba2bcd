import { lstat } from "node:fs/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { parseSize } from "../../policy/units.js";
import type { Store } from "./store.js";

/** A store's disk usage in bytes. */
export interface Usage {
  /** Downloaded layers and documents. */
  readonly blobBytes: number;
  /** Unpacked files. */
  readonly treeBytes: number;
  /** EROFS images of unpacked files, for virtual machines. */
  readonly erofsBytes: number;
  /** Interrupted downloads. */
  readonly brokenBytes: number;
}

export async function usageOf(store: Store): Promise<Usage> {
  let blobBytes = 0;
  for await (const { sizeBytes } of store.blobs.list()) blobBytes += sizeBytes;
  const trees = [...(await store.trees()).values()];
  const erofs = await store.erofs.list();
  const broken = await Promise.all((await store.blobs.broken()).map((path) => lstat(path).catch(() => undefined)));
  return {
    blobBytes,
    treeBytes: trees.reduce((sum, record) => sum + (record?.bytes ?? 0), 0),
    erofsBytes: erofs.reduce((sum, { bytes }) => sum + bytes, 0),
    brokenBytes: broken.reduce((sum, stat) => sum + (stat?.size ?? 0), 0),
  };
}

/**
 * Maximum size of a store, from BULKHEAD_STORE_QUOTA (`20GiB`); undefined: limited only by the disk. Throws
 * IMAGE_STORE_UNAVAILABLE.
 */
export function quotaBytes(): number | undefined {
  const text = process.env["BULKHEAD_STORE_QUOTA"];
  if (text === undefined || text === "") return undefined;
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new BulkheadError("IMAGE_STORE_UNAVAILABLE", { operation: "read quota", detail: "BULKHEAD_STORE_QUOTA" });
}

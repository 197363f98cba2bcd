import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Digest } from "../reference/digest.js";

/** A blob with its promised digest and size. */
export interface WantedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/**
 * The documents of one repository of a registry. Only the length of its results has been checked and, for `document`,
 * the digest.
 */
export interface Registry {
  /**
   * A manifest or an index, and the type that the registry reports. Throws IMAGE_NOT_FOUND, IMAGE_LIMIT, REGISTRY_*.
   */
  manifest(reference: string): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string | undefined }>;
  /**
   * The documents that refer to a manifest, as an index; undefined if the registry does not support it. Throws
   * IMAGE_LIMIT, REGISTRY_*.
   */
  referrers(digest: Digest): Promise<Uint8Array | undefined>;
  /** A small blob, complete and checked. Throws IMAGE_LIMIT, IMAGE_INVALID, REGISTRY_*. */
  document(digest: Digest, maximum: number): Promise<Uint8Array>;
}

/** For optional documents. */
export function unlessMissing(error: unknown): undefined {
  if (!(error instanceof BulkheadError) || error.code !== "IMAGE_NOT_FOUND") throw error;
}

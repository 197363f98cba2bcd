import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Digest } from "../reference/digest.js";

/** A blob with its promised digest and size. */
export interface Wanted {
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
  /** What refers to a manifest, as an index; undefined where the registry does not know how to tell. Throws IMAGE_LIMIT, REGISTRY_*. */
  referrers(digest: Digest): Promise<Uint8Array | undefined>;
  /** A small blob, whole and checked. Throws IMAGE_LIMIT, IMAGE_INVALID, REGISTRY_*. */
  document(digest: Digest, maximum: number): Promise<Uint8Array>;
}

/** For what need not be there. */
export function unlessMissing(error: unknown): undefined {
  if (!(error instanceof BulkheadError) || error.code !== "IMAGE_NOT_FOUND") throw error;
}

import type { Digest } from "../reference/digest.js";

export const IMAGE_NAME = "image.erofs";

/** An EROFS image in the store: a plain file, mode 0444, that never changes. */
export interface ErofsImage {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

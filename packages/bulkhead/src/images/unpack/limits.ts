/** Limits for unpacking one image. */
export interface UnpackLimits {
  /** Total number of files, directories and links in all layers. */
  readonly entries: number;
  /** Total uncompressed bytes of all layers. */
  readonly bytes: number;
  /** Uncompressed bytes for each compressed byte of a layer, past its first 64 MiB. */
  readonly ratio: number;
  /** Depth of nested directories. */
  readonly depth: number;
  /** Total time in milliseconds. */
  readonly timeMs: number;
}

const GIB = 1024 ** 3;

/** Enough for the largest images in common use; a bomb within these limits does not fill a disk. */
export const DEFAULT_UNPACK_LIMITS: UnpackLimits = {
  entries: 1_000_000,
  bytes: 16 * GIB,
  ratio: 200,
  depth: 128,
  timeMs: 15 * 60_000,
};

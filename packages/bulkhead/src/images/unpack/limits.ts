/** What unpacking one image may cost. */
export interface UnpackLimits {
  /** Files, directories and links of all layers together. */
  readonly entries: number;
  /** Bytes of all layers together, without compression. */
  readonly bytes: number;
  /** Bytes for each compressed byte of a layer, past its first 64 MiB. */
  readonly ratio: number;
  /** Directories below each other. */
  readonly depth: number;
  /** For all of it, in milliseconds. */
  readonly timeMs: number;
}

const GIB = 1024 ** 3;

/** Room for the largest images in common use, and for no more than a bomb that a disk survives. */
export const DEFAULT_UNPACK_LIMITS: UnpackLimits = {
  entries: 1_000_000,
  bytes: 16 * GIB,
  ratio: 200,
  depth: 128,
  timeMs: 15 * 60_000,
};

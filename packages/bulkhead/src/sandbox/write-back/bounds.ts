/** How much is taken of what an inside says of its files. */
export interface Bounds {
  /** Of everything in one directory together. */
  readonly entries: number;
  /** Directories in directories. */
  readonly depth: number;
  /** Bytes of a path, the mount's own included. */
  readonly pathBytes: number;
  /** Bytes of all paths and targets of links together. */
  readonly textBytes: number;
}

export const BOUNDS: Bounds = { entries: 100_000, depth: 64, pathBytes: 4000, textBytes: 64 * 1024 * 1024 };

/** Within which everything must have come out: an inside that answers and never gets done is one that does not. */
export const FETCH_MS = 5 * 60_000;
/** Files, and directories, that are asked for at once; init serves 64 operations. */
export const AT_ONCE = 16;

/** How much longer all files together may be than what is in them: holes come as zeros, and take time where they take no room. */
export const HOLES = 64;

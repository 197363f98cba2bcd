/** Limits on what a sandbox may report about its files. */
export interface Bounds {
  /** Total number of entries in one directory tree. */
  readonly entries: number;
  /** Depth of nested directories. */
  readonly depth: number;
  /** Bytes of one path, including the mount's own. */
  readonly pathBytes: number;
  /** Total bytes of all paths and link targets. */
  readonly textBytes: number;
}

export const BOUNDS: Bounds = { entries: 100_000, depth: 64, pathBytes: 4000, textBytes: 64 * 1024 * 1024 };

/** Time limit for fetching everything: a sandbox that answers but never finishes counts as failed. */
export const FETCH_MS = 5 * 60_000;
/** Files, and directories, to request at once; init serves 64 operations. */
export const AT_ONCE = 16;

/**
 * How much longer all files together may be than their data: holes arrive as zeros, and cost time where they cost no
 * space.
 */
export const HOLES = 64;

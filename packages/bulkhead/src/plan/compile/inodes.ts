/**
 * One inode for each 4 KiB, as most file systems have: a flood of empty files ends with the space that it would have
 * taken.
 */
const BYTES_PER_INODE = 4096;
/** Limit of any plan: the kernel counts them in 32 bits. */
const MOST_INODES = 2 ** 31;

/** Number of inodes of an in-memory file system. */
export function inodesFor(bytes: number): number {
  return Math.min(MOST_INODES, Math.max(256, Math.ceil(bytes / BYTES_PER_INODE)));
}

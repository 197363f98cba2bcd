import { statfsSync } from "node:fs";
import { release } from "node:os";
import { isKernelAtLeast } from "../../host/requirements.js";

/** A file system by its statfs(2) number, and the first kernel with idmapped mounts of it; null: none. */
type Known = readonly [magic: number, name: string, since: readonly [number, number] | null];

/** The list of mount_setattr(2), and common ones that it omits. For others only the kernel can tell, when it tries. */
const KNOWN: readonly Known[] = [
  [0xef53, "ext4", [5, 12]],
  [0x58465342, "xfs", [5, 12]],
  [0x4d44, "FAT", [5, 12]],
  [0x9123683e, "btrfs", [5, 15]],
  [0x7366746e, "ntfs3", [5, 15]],
  [0xf2f52010, "f2fs", [5, 18]],
  [0xe0f5e1e2, "erofs", [5, 19]],
  [0x73717368, "squashfs", [6, 2]],
  [0x01021994, "tmpfs", [6, 3]],
  [0x00c36400, "ceph", [6, 7]],
  [0x65735546, "FUSE", [6, 12]],
  [0x794c7630, "overlayfs", null],
  [0x6969, "NFS", null],
  [0x01021997, "9p", null],
  [0xff534d42, "CIFS", null],
  [0xfe534d42, "SMB", null],
];

/**
 * Why the file system at `path` does not support idmapped mounts, as a clause; undefined if it does, or only the kernel
 * knows.
 */
export function whyNotMapped(path: string): string | undefined {
  let magic: number;
  try {
    magic = statfsSync(path).type >>> 0;
  } catch {
    return undefined; // the warden looks again, and says what is wrong
  }
  return reasonFor(magic, release());
}

/** The same for a number and a kernel release. */
export function reasonFor(magic: number, kernel: string): string | undefined {
  const [, name = "", since = null] = KNOWN.find(([number]) => number === magic) ?? [];
  if (name === "") return undefined;
  if (since === null) return `${name} cannot on any kernel`;
  return isKernelAtLeast(kernel, ...since)
    ? undefined
    : `${name} can since Linux ${since.join(".")}, this is ${kernel}`;
}

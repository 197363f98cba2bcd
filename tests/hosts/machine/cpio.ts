/** One entry of an archive. A directory has no `data`. */
export interface Entry {
  readonly name: string;
  readonly data?: Uint8Array;
}

const DIRECTORY = 0o40755;
const FILE = 0o100755;

/**
 * An initramfs: a cpio archive in the "newc" format (Linux:
 * Documentation/driver-api/early-userspace/buffer-format.rst). Everything in it is root's and executable, which is all
 * that an initramfs needs.
 */
export function cpio(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { name, data } of [...entries, { name: "TRAILER!!!", data: new Uint8Array() }]) {
    const path = Buffer.from(`${name}\0`);
    const mode = name === "TRAILER!!!" ? 0 : data === undefined ? DIRECTORY : FILE;
    const size = data?.length ?? 0;
    // ino, mode, uid, gid, nlink, mtime, filesize, dev major and minor, rdev major and minor, namesize, check
    const fields = [0, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, path.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    parts.push(padded(Buffer.concat([Buffer.from(header), path])), padded(Buffer.from(data ?? [])));
  }
  return Buffer.concat(parts);
}

function padded(part: Buffer): Buffer {
  return Buffer.concat([part, Buffer.alloc(-part.length & 3)]);
}

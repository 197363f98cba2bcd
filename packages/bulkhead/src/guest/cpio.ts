/** A file or directory of an archive. */
export interface CpioEntry {
  /** Without a leading slash; parents come first. */
  readonly name: string;
  /** File type and permissions, as in `st_mode`. */
  readonly mode: number;
  /** Empty for a directory. */
  readonly content: Uint8Array;
}

const MAGIC = "070701";
const TRAILER: CpioEntry = { name: "TRAILER!!!", mode: 0, content: new Uint8Array() };

/**
 * An archive in the "newc" format that Linux unpacks as an initramfs (its `buffer-format` document). Everything belongs
 * to root and has no timestamp, so the same entries give the same bytes.
 */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [index, { name, mode, content }] of [...entries, TRAILER].entries()) {
    const path = Buffer.from(`${name}\0`);
    // inode, mode, uid, gid, links, time, size, device and device of the node (major, minor each), length of the name,
    // checksum
    const fields = [index + 1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, path.length, 0];
    const head = MAGIC + fields.map((field) => field.toString(16).padStart(8, "0")).join("");
    const named = Buffer.concat([Buffer.from(head, "latin1"), path]);
    parts.push(named, padding(named.length), content, padding(content.length));
  }
  return Buffer.concat(parts);
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}

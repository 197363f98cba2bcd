/**
 * One entry, as a hostile writer would set it: nothing is checked, every field can be wrong. Strings are latin1: one
 * character, one byte.
 */
export interface TarEntry {
  readonly name: string;
  /**
   * `0` file, `1` hard link, `2` symbolic link, `3` character device, `5` directory, `x` pax header, `L` long name …
   * Default: file.
   */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly data?: string | Uint8Array;
  /** What the header says, where it is not the length of `data`. */
  readonly size?: number;
  readonly mtime?: number;
  /** Written over the finished header, with the checksum made again behind it. */
  readonly patch?: (header: Buffer) => void;
}

const BLOCK = 512;

/** A tar archive with its end marker. */
export function tar(...entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

/** One entry alone, for archives that are put together by hand. */
export function tarEntry({
  name,
  type = "0",
  link = "",
  mode,
  uid = 0,
  gid = 0,
  data = "",
  size,
  mtime = 0,
  patch,
}: TarEntry): Buffer {
  const body = Buffer.from(data as string, "latin1");
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, "latin1");
  octal(header, 100, 8, mode ?? (type === "5" ? 0o755 : 0o644));
  octal(header, 108, 8, uid);
  octal(header, 116, 8, gid);
  octal(header, 124, 12, size ?? body.length);
  octal(header, 136, 12, mtime);
  header.write(type, 156, 1, "latin1");
  header.write(link, 157, 100, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  patch?.(header);
  writeChecksum(header);
  return Buffer.concat([header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

/** Makes every block that looks like a header a valid one again. */
export function refreshChecksums(archive: Buffer): void {
  for (let at = 0; at + BLOCK <= archive.length; at += BLOCK) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.subarray(257, 262).toString("latin1") === "ustar") writeChecksum(block);
  }
}

function writeChecksum(header: Buffer): void {
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

/** A pax header with these records, for the entry behind it. */
export function pax(records: Readonly<Record<string, string>>, type = "x"): TarEntry {
  return { name: "PaxHeaders/x", type, data: Object.entries(records).map(paxRecord).join("") };
}

/** A GNU header with a name (`L`) or link target (`K`) that is too long for the entry behind it. */
export function gnuLong(type: "L" | "K", value: string): TarEntry {
  return { name: "././@LongLink", type, data: `${value}\0` };
}

function paxRecord([key, value]: readonly [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return `${length}${rest}`;
}

function octal(header: Buffer, at: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, length, "latin1");
}

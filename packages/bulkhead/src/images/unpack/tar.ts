/** A directory as a layer describes it. */
export interface DirectoryEntry {
  /** Below the root, with a trailing slash; its names are only bytes. */
  readonly path: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

const BLOCK = 512;
const NAME_BYTES = 100;
/** The largest number of eleven octal digits. */
const LARGEST = 8 ** 11 - 1;

/** A layer of directories only, in GNU tar format, because names may be long. */
export function* directoriesAsTar(entries: readonly DirectoryEntry[]): Generator<Buffer> {
  for (const { path, mode, uid, gid, mtime } of entries) {
    if (path.length > NAME_BYTES) yield longName(path);
    yield header(path.subarray(0, NAME_BYTES), "5", { mode, uid, gid, mtime, size: 0 });
  }
  yield Buffer.alloc(2 * BLOCK);
}

function longName(path: Buffer): Buffer {
  const size = path.length + 1;
  const numbers = { mode: 0o644, uid: 0, gid: 0, mtime: 0, size };
  const padded = Buffer.alloc(Math.ceil(size / BLOCK) * BLOCK);
  path.copy(padded);
  return Buffer.concat([header(Buffer.from("././@LongLink"), "L", numbers), padded]);
}

interface Numbers {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly size: number;
}

function header(name: Buffer, type: string, { mode, uid, gid, mtime, size }: Numbers): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block);
  octal(block, 100, 8, mode);
  octal(block, 108, 8, uid);
  octal(block, 116, 8, gid);
  octal(block, 124, 12, size);
  octal(block, 136, 12, Math.min(LARGEST, Math.max(0, mtime)));
  block.write(`${" ".repeat(8)}${type}`, 148, "latin1");
  block.write("ustar  \0", 257, "latin1");
  octal(
    block,
    148,
    8,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, length, "latin1");
}

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { invalid } from "../documents/invalid.js";

/** Follows no link, which could lead to any file of the caller's; does not block on a FIFO. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a regular file. Throws IMAGE_NOT_FOUND if it does not exist, IMAGE_INVALID if it is something else. */
export async function openRegular(path: string): Promise<{ handle: FileHandle; sizeBytes: number }> {
  const handle = await open(path, FLAGS).catch((error: NodeJS.ErrnoException) => {
    throw openFailure(path, error);
  });
  const stat = await handle.stat();
  if (stat.isFile()) return { handle, sizeBytes: stat.size };
  await handle.close();
  throw invalid("open", "not a regular file", path);
}

/** Reads a file of at most `maximum` bytes. Throws as `openRegular`, and IMAGE_INVALID if it is larger. */
export async function readRegular(path: string, maximum: number): Promise<Uint8Array> {
  const { handle, sizeBytes } = await openRegular(path);
  try {
    return await readRange(handle, 0, sizeBytes, maximum, path);
  } finally {
    await handle.close();
  }
}

/** A file, or an equivalent if another process opened it. */
export interface ReadsAt {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/**
 * Reads `length` bytes from `start`, if that is at most `maximum`. Throws IMAGE_INVALID if it is more, or the file is
 * shorter.
 */
export async function readRange(
  handle: ReadsAt,
  start: number,
  length: number,
  maximum: number,
  path: string,
): Promise<Uint8Array> {
  if (length > maximum) throw invalid("read", `more than ${maximum} bytes`, path);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) throw invalid("read", "truncated", path);
    filled += bytesRead;
  }
  return bytes;
}

function openFailure(path: string, error: NodeJS.ErrnoException): BulkheadError {
  if (error.code === "ELOOP") return invalid("open", "symbolic link", path);
  const code = error.code === "ENOENT" || error.code === "ENOTDIR" ? "IMAGE_NOT_FOUND" : "IMAGE_INVALID";
  const errno = error.errno === undefined ? {} : { errno: -error.errno };
  return new BulkheadError(code, { operation: "open", path, ...errno });
}

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { SavedFile } from "../../driver.js";
import { requireOurs } from "./ours.js";

/** Follows no link, which could lead to any file of the caller's; does not block on a FIFO. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK_BYTES = 1 << 20;

/**
 * Opens a regular file of a snapshot that no other user can have written.
 * @throws BulkheadError SNAPSHOT_INVALID, SNAPSHOT_UNTRUSTED
 */
export async function openSaved(path: string): Promise<{ readonly handle: FileHandle; readonly sizeBytes: number }> {
  const handle = await open(path, FLAGS).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === "ELOOP" ? { detail: "a symbolic link" } : {};
    const errno = error.errno === undefined ? {} : { errno: -error.errno };
    throw new BulkheadError("SNAPSHOT_INVALID", { operation: "open snapshot", path, ...errno, ...what, cause: error });
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw invalid(path, "not a plain file");
    requireOurs(path, found);
    return { handle, sizeBytes: found.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Requires that the file at `path` is the saved one, to the last bit. @throws BulkheadError as {@link openSaved} */
export async function requireSaved(path: string, saved: Omit<SavedFile, "name">): Promise<void> {
  const { handle, sizeBytes } = await openSaved(path);
  try {
    if (sizeBytes !== saved.sizeBytes) throw invalid(path, `${sizeBytes} bytes, and were ${saved.sizeBytes}`);
    if ((await digestOf(handle, sizeBytes)) !== saved.sha256) throw invalid(path, "changed since it was saved");
  } finally {
    await handle.close();
  }
}

/** SHA-256 of the open file, which must not have grown in the meantime. */
async function digestOf(handle: FileHandle, sizeBytes: number): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = 0; position < sizeBytes; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - position), position);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return hash.digest("hex");
}

function invalid(path: string, detail: string): BulkheadError {
  return new BulkheadError("SNAPSHOT_INVALID", { operation: `check ${basename(path)}`, path, detail });
}

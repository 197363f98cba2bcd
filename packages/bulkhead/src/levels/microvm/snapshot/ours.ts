import { lstat, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { BulkheadError } from "../../../errors/bulkhead-error.js";

const OTHERS_WRITE = 0o022;
/** Only its owner can rename or remove an entry of such a directory. */
const STICKY = 0o1000;

/**
 * Requires that a file belongs to the caller or root and no other user can write to it.
 * @throws BulkheadError SNAPSHOT_UNTRUSTED
 */
export function requireOurs(path: string, { uid, mode }: { readonly uid: number; readonly mode: number }): void {
  if (uid !== 0 && uid !== process.getuid?.()) throw untrusted(path, `of user ${uid}`);
  if ((mode & OTHERS_WRITE) !== 0) throw untrusted(path, "others may write to it");
}

/**
 * The resolved directory, after checking every component of its path: a user who can write to it, or rename a parent,
 * could replace a file between check and use.
 * @throws BulkheadError SNAPSHOT_INVALID, SNAPSHOT_UNTRUSTED
 */
export async function requireOurDirectory(directory: string): Promise<string> {
  const path = await realpath(directory).catch((cause: NodeJS.ErrnoException) => {
    const errno = cause.errno === undefined ? {} : { errno: -cause.errno };
    throw new BulkheadError("SNAPSHOT_INVALID", { operation: "open snapshot", path: directory, ...errno, cause });
  });
  const found = await lstat(path);
  if (!found.isDirectory()) {
    throw new BulkheadError("SNAPSHOT_INVALID", { operation: "open snapshot", path, detail: "not a directory" });
  }
  requireOurs(path, found);
  for (let above = dirname(path), below = path; above !== below; [above, below] = [dirname(above), above]) {
    const { uid, mode } = await lstat(above);
    requireOurs(above, { uid, mode: (mode & STICKY) === 0 ? mode : 0 });
  }
  return path;
}

function untrusted(path: string, detail: string): BulkheadError {
  return new BulkheadError("SNAPSHOT_UNTRUSTED", { operation: "open snapshot", path, detail });
}

import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { ownUid } from "./owner.js";

/** `BULKHEAD_STORE`, root's `/var/lib/bulkhead/images`, or a directory in the user's own data directory. */
export function storePath(): string {
  const chosen = process.env["BULKHEAD_STORE"];
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  if (ownUid() === 0) return "/var/lib/bulkhead/images";
  const data = process.env["XDG_DATA_HOME"];
  // The base directory specification says to ignore a path that is not absolute.
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share");
  return join(base, "bulkhead", "images");
}

/**
 * Creates the store's directory, or checks the existing one: it must be ours and closed to others, because an unpacked
 * image contains untrusted programs. Synchronous, because every launch from an image comes through here. Throws
 * IMAGE_STORE_UNAVAILABLE.
 */
export function openDirectory(path: string): void {
  try {
    // Check first: it almost always exists, and checking costs a tenth.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { recursive: true, mode: 0o700 });
    const stat = lstatSync(path);
    if (!stat.isDirectory() || stat.uid !== ownUid()) throw unavailable(path, { detail: "owner" });
    if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (error) {
    throw error instanceof BulkheadError ? error : unavailable(path, errnoOf(error));
  }
}

/** The store itself failed, not the image. */
export function unavailable(path: string, context: { detail?: string; errno?: number }): BulkheadError {
  return new BulkheadError("IMAGE_STORE_UNAVAILABLE", { operation: "open store", path, ...context });
}

/** The errno of an error of `node:fs`. */
export function errnoOf(error: unknown): { errno?: number } {
  const errno = error instanceof Error && "errno" in error ? error.errno : undefined;
  return typeof errno === "number" ? { errno: -errno } : {};
}

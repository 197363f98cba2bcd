import { lstatSync, mkdirSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";

/** The longest path of a Unix socket. */
const LONGEST_PATH = 107;

/**
 * Where runs of `uid` can be reached: a directory of that user's alone. Undefined where there is none, or another user
 * has taken the name: then they cannot be.
 */
export function runsDirectory(uid: number, create = false): string | undefined {
  return candidates(uid).find((path) => {
    if (create) makeIfMissing(path);
    return isOwn(path, uid);
  });
}

/** The socket of one run. */
export function socketOf(directory: string, id: string): string | undefined {
  const path = join(directory, `${id}.sock`);
  return Buffer.byteLength(path) <= LONGEST_PATH ? path : undefined;
}

function candidates(uid: number): readonly string[] {
  const runtime = process.getuid?.() === uid ? process.env["XDG_RUNTIME_DIR"] : undefined;
  // `sudo -E` passes that of another user, who could replace what root creates in it.
  const usable = runtime !== undefined && isAbsolute(runtime) && ownerOf(runtime) === uid;
  const base = usable ? runtime : `/run/user/${uid}`;
  return [join(base, "bulkhead"), `/tmp/bulkhead-${uid}`];
}

function makeIfMissing(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there, or cannot be: `isOwn` tells.
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function isOwn(path: string, uid: number): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0;
  } catch {
    return false;
  }
}

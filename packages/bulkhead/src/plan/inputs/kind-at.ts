import { lstatSync, opendirSync, type Stats } from "node:fs";
import type { PathKind } from "../input-types.js";

/**
 * What a root has at a path. Only used to tell whether mount points must be made: the root is hostile, so no link in
 * it is followed here, and the warden resolves the path again with the kernel's help.
 */
export function kindAt(root: string, path: string): PathKind {
  let here = root;
  let stat: Stats | undefined;
  for (const part of path.split("/").filter((name) => name !== "")) {
    if (stat !== undefined && !stat.isDirectory()) return "other";
    here = `${here}/${part}`;
    stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat === undefined) return "missing";
  }
  if (stat === undefined || stat.isDirectory()) return isEmpty(here) ? "directory" : "full";
  return stat.isFile() ? "file" : "other";
}

function isEmpty(directory: string): boolean {
  try {
    const listing = opendirSync(directory);
    try {
      return listing.readSync() === null;
    } finally {
      listing.closeSync();
    }
  } catch {
    return false; // not ours to read: it is taken for one that holds something, and left alone
  }
}

import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ownUid, TREE_OWNER } from "../store/owner.js";
import type { DirectoryEntry } from "./tar.js";

/** The unpacker gives this time to directories that no entry describes, and to nothing else. */
const IMPLIED_NS = 1n;
const ROOT = Buffer.alloc(0);
const SLASH = Buffer.from("/");

/** The directories of one tree, topmost first, and whether it has any that no entry of its layer describes. */
export interface ImplyingTree {
  readonly paths: readonly string[];
  readonly implies: boolean;
}

interface Part {
  readonly path: Buffer;
  readonly implies: boolean;
}

/**
 * A layer may put a file into a directory that it does not describe. In the layer's own tree that directory is root's
 * with 0755, and overlayfs would show it so, whatever the layers below say: what one of them closed would be open. So
 * this finds the directories that must be said again, on top of all: those that show what nobody said, where a layer
 * below has said something, with all their parents.
 *
 * What is looked into is hostile: no link is followed, and names are only bytes.
 */
export async function impliedDirectories(trees: readonly ImplyingTree[]): Promise<readonly DirectoryEntry[]> {
  const found: DirectoryEntry[] = [];
  const roots = trees.flatMap(({ paths, implies }) => paths.map((path) => ({ path: Buffer.from(path), implies })));
  await below(roots, ROOT, found);
  return found;
}

/** Adds the directories needed below this one; returns whether there are any. */
async function below(parts: readonly Part[], path: Buffer, found: DirectoryEntry[]): Promise<boolean> {
  await setImmediate();
  let any = false;
  for (const name of impliedNames(parts)) {
    const own = Buffer.concat([path, name, SLASH]);
    const directories = step(parts, name);
    const [top] = directories;
    if (top === undefined) continue;
    const said = directories.find(({ stat }) => stat.mtimeNs !== IMPLIED_NS) ?? top;
    // Before its children, as in any archive; removed again if it is not needed.
    const at = found.push(entryOf(own, said.stat)) - 1;
    const needed = said !== top;
    if ((await below(directories, own, found)) || needed) any = true;
    else found.length = at;
  }
  return any;
}

/** The directories that overlayfs merges under a name, until one is hidden or another file type is in its place. */
function step(parts: readonly Part[], name: Buffer): readonly (Part & { readonly stat: BigIntStats })[] {
  const directories: (Part & { readonly stat: BigIntStats })[] = [];
  for (const { path: parent, implies } of parts) {
    const path = Buffer.concat([parent, SLASH, name]);
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isDirectory()) break;
    directories.push({ path, implies, stat });
  }
  return directories;
}

/** Directories of the trees that imply some; all directories of the others are as their layer says. */
function impliedNames(parts: readonly Part[]): readonly Buffer[] {
  const names = new Map<string, Buffer>();
  for (const { path } of parts.filter(({ implies }) => implies)) {
    for (const entry of readdirSync(path, { encoding: "buffer", withFileTypes: true })) {
      if (entry.isDirectory()) names.set(entry.name.toString("latin1"), entry.name);
    }
  }
  return [...names.values()].sort(Buffer.compare);
}

function entryOf(path: Buffer, { mode, uid, gid, mtimeNs }: BigIntStats): DirectoryEntry {
  // A file's owner on disk: ids have a meaning only if root unpacked.
  const inside = (id: bigint) => (ownUid() === 0 ? Math.max(0, Number(id) - TREE_OWNER) : 0);
  return {
    path,
    mode: Number(mode) & 0o1777,
    uid: inside(uid),
    gid: inside(gid),
    mtime: Number(mtimeNs / 1_000_000_000n),
  };
}

import { lstatSync, opendirSync, readlinkSync, type Stats } from "node:fs";
import type { PathKind } from "../input-types.js";
import { readInside } from "./read-inside.js";

/** A directory of one layer. */
interface Part {
  readonly root: string;
  readonly path: string;
}

/** As many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Result of a path: the directories that overlayfs would merge, topmost first, or one entry that is not a directory.
 */
type Found = { readonly parts: readonly Part[] } | { readonly other: Part; readonly stat: Stats } | undefined;

/**
 * Looks into a root made of one directory or of several stacked ones, as overlayfs would show it. Used only to find out
 * whether mount points must be created and what a few files contain: the root is hostile, so this follows no link in
 * it, and the warden resolves the path again with the kernel's help.
 */
export class LayeredRoot {
  readonly #layers: readonly string[];
  readonly #kinds = new Map<string, PathKind>();
  readonly #texts = new Map<string, string | undefined>();

  /** Topmost first. */
  constructor(layers: readonly string[]) {
    this.#layers = layers;
  }

  kindAt(path: string): PathKind {
    const known = this.#kinds.get(path);
    if (known !== undefined) return known;
    const kind = this.#kindAt(path);
    this.#kinds.set(path, kind);
    return kind;
  }

  /** Resolves a path's links with this as the root, and no further. Undefined for a loop. */
  real(path: string): string | undefined {
    let parts = path.split("/").filter((part) => part !== "");
    let here = "";
    for (let links = 0; parts.length > 0; ) {
      const [name = "", ...rest] = parts;
      parts = rest;
      if (name === "" || name === ".") continue;
      if (name === "..") {
        here = here.slice(0, here.lastIndexOf("/"));
        continue;
      }
      const found = this.#find(`${here}/${name}`);
      const link =
        found !== undefined && "other" in found && found.stat.isSymbolicLink() ? found.other.path : undefined;
      if (link === undefined) {
        here = `${here}/${name}`;
        continue;
      }
      links += 1;
      if (links > MOST_LINKS) return undefined;
      const target = readlinkSync(link);
      if (target.startsWith("/")) here = "";
      parts = [...target.split("/"), ...parts];
    }
    return here === "" ? "/" : here;
  }

  /**
   * The directories that form the one at a path, topmost first; empty if nothing is there. Undefined if something else
   * is.
   */
  directoriesAt(path: string): readonly string[] | undefined {
    const found = this.#find(path);
    if (found === undefined) return [];
    return "parts" in found ? found.parts.map((part) => part.path) : undefined;
  }

  /** Reads a small regular file, as `readInside`. */
  read(path: string): string | undefined {
    if (!this.#texts.has(path)) {
      const found = this.#find(path);
      this.#texts.set(path, found !== undefined && "other" in found ? readInside(found.other.root, path) : undefined);
    }
    return this.#texts.get(path);
  }

  #kindAt(path: string): PathKind {
    const found = this.#find(path);
    if (found === undefined) return "missing";
    if ("parts" in found) return isEmpty(found.parts) ? "directory" : "full";
    // The whole path is a file, and does not lead through anything but directories.
    return found.stat.isFile() && found.other.path === `${found.other.root}${path}` ? "file" : "other";
  }

  #find(path: string): Found {
    let parts: readonly Part[] = this.#layers.map((root) => ({ root, path: root }));
    for (const name of path.split("/").filter((part) => part !== "")) {
      const found = step(parts, name);
      if (found === undefined || "other" in found) return found;
      parts = found.parts;
    }
    return { parts };
  }
}

function step(parts: readonly Part[], name: string): Found {
  const directories: Part[] = [];
  for (const { root, path } of parts) {
    const below = { root, path: `${path}/${name}` };
    const stat = lstatSync(below.path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (isWhiteout(stat)) break;
    if (stat.isDirectory()) directories.push(below);
    else if (directories.length === 0) return { other: below, stat };
    else break;
  }
  return directories.length === 0 ? undefined : { parts: directories };
}

function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

function isEmpty(parts: readonly Part[]): boolean {
  const hidden = new Set<string>();
  return parts.every(({ path }) => holdsNothing(path, hidden));
}

function holdsNothing(directory: string, hidden: Set<string>): boolean {
  const whiteouts: string[] = [];
  try {
    const listing = opendirSync(directory);
    try {
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        if (entry.isCharacterDevice()) whiteouts.push(entry.name);
        else if (!hidden.has(entry.name)) return false;
      }
    } finally {
      listing.closeSync();
    }
  } catch {
    return false; // not ours to read: it is taken for one that holds something, and left alone
  }
  for (const name of whiteouts) hidden.add(name);
  return true;
}

import type { InsideEntry, Listing } from "./inside.js";

/** Kinds of files that are written to the host. */
export type Kind = "file" | "directory" | "symlink";

/** Target state of an entry. */
export type Put = Pick<InsideEntry, "mode" | "mtimeMs" | "target"> & { readonly type: Kind };

/** A change at one path of the host's directory, and below it. */
export interface Change {
  /** An entry that no longer exists, or is now of another type. */
  readonly gone: { readonly type: string } | undefined;
  /** The new entry. Undefined if the path becomes empty or stays as it is. */
  readonly put: Put | undefined;
  readonly below: Map<string, Change>;
}

/** Changes that the sandbox made to a directory since the last listing. */
export interface Changes {
  readonly tree: Map<string, Change>;
  /** Files whose content must be fetched, by path. */
  readonly files: ReadonlyMap<string, Put>;
  readonly links: ReadonlyMap<string, Put>;
  /** Entries that are never written back, by path. */
  readonly special: readonly string[];
  readonly setId: readonly string[];
}

export const SET_ID = 0o6000;
const PERMISSIONS = 0o777;

/** Compares two listings of a directory inside. Pure. */
export function changesBetween(before: Listing["entries"], after: Listing): Changes {
  const files = new Map<string, Put>();
  const links = new Map<string, Put>();
  const special: string[] = [];
  const setId: string[] = [];
  const tree = new Tree();
  for (const [path, now] of after.entries) {
    const was = before.get(path);
    if (was !== undefined && !differ(was, now)) continue;
    if (!isWritten(now)) {
      special.push(path);
      if (was !== undefined && was.type !== now.type) tree.at(path, { gone: was });
      continue;
    }
    if (now.type === "file") files.set(path, now);
    if (now.type === "symlink") links.set(path, now);
    if (now.type === "file" && (now.mode & SET_ID) !== 0) setId.push(path);
    tree.at(path, { put: now, ...(was === undefined || was.type === now.type ? {} : { gone: was }) });
  }
  for (const [path, was] of before) {
    if (!after.entries.has(path) && !isBelow(path, after.closed)) tree.at(path, { gone: was });
  }
  return { tree: tree.below, files, links, special, setId };
}

/**
 * The state that sandbox and host now share, as the baseline for the next comparison: the sandbox's current state,
 * except for entries that could not be written or are unknown. Pure.
 */
export function knownAfter(
  before: Listing["entries"],
  { entries, closed }: Listing,
  failed: ReadonlySet<string>,
): Listing["entries"] {
  const hasFailed = (path: string) => failed.has(path) || isBelow(path, failed);
  const known = new Map([...entries].filter(([path]) => !hasFailed(path)));
  for (const [path, was] of before) if (hasFailed(path) || isBelow(path, closed)) known.set(path, was);
  return known;
}

/** For a directory only the mode counts: its entries have their own paths. */
function differ(was: InsideEntry, now: InsideEntry): boolean {
  if (was.type !== now.type) return true;
  if (now.type === "directory") return (was.mode & PERMISSIONS) !== (now.mode & PERMISSIONS);
  if (now.type === "symlink") return was.target !== now.target;
  const same = was.size === now.size && was.mode === now.mode && was.mtimeMs === now.mtimeMs;
  return !same || was.ctimeUs !== now.ctimeUs || now.ctimeUs === undefined;
}

/** Whether a path is in or below one of the directories; "" is the top directory. */
function isBelow(path: string, directories: ReadonlySet<string>): boolean {
  if (directories.size === 0) return false;
  for (let end = path.lastIndexOf("/"); end !== -1; end = path.lastIndexOf("/", end - 1)) {
    if (directories.has(path.slice(0, end))) return true;
  }
  return directories.has("");
}

function isWritten(entry: InsideEntry): entry is InsideEntry & { readonly type: Kind } {
  return entry.type === "file" || entry.type === "directory" || entry.type === "symlink";
}

/** Changes by path. */
export class Tree {
  readonly below = new Map<string, Change>();

  at(path: string, { gone, put }: { readonly gone?: { readonly type: string }; readonly put?: Put }): void {
    let places = this.below;
    const names = path.split("/");
    const last = names.pop() ?? "";
    for (const name of names) {
      const place = places.get(name) ?? { gone: undefined, put: undefined, below: new Map<string, Change>() };
      places.set(name, place);
      places = place.below;
    }
    places.set(last, { gone, put, below: places.get(last)?.below ?? new Map<string, Change>() });
  }
}

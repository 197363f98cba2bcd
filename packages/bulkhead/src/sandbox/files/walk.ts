import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { DirectoryEntry } from "./entries.js";

/** Something in a directory, or in one below it. */
export interface TreeEntry extends DirectoryEntry {
  /** Relative to the directory that was listed. */
  readonly path: string;
}

/** How much is taken of what an inside says of its files: it may make more of them than anybody can hold. */
export interface TreeBounds {
  /** Files, directories and all else, together. */
  readonly entries: number;
  /** Directories in directories. */
  readonly depth: number;
}

export const TREE_BOUNDS: TreeBounds = { entries: 100_000, depth: 64 };
/** Bytes of all paths together. */
const MOST_TEXT = 64 * 1024 * 1024;
const LONGEST_PATH = 4095;

const GONE: ReadonlySet<string> = new Set(["FILE_NOT_FOUND", "FILE_NOT_DIRECTORY"]);

export interface WalkOptions {
  readonly bounds?: TreeBounds;
  /** Whether to look into a directory. Default: into each. */
  readonly enter?: (entry: TreeEntry) => boolean;
  /** Passes over directories that may not be read, in the place of failing. */
  readonly passDenied?: boolean;
}

/**
 * Everything below a directory inside, each directory before what is in it. Symbolic links are never followed. What has gone meanwhile is passed
 * over.
 * @throws BulkheadError FILE_TOO_LARGE beyond the bounds, and as `list`
 */
export async function* walk(
  list: (path: string) => AsyncIterable<DirectoryEntry>,
  at: string,
  { bounds = TREE_BOUNDS, enter = () => true, passDenied = false }: WalkOptions = {},
): AsyncGenerator<TreeEntry, void, void> {
  const waiting: { readonly path: string; readonly depth: number }[] = [{ path: "", depth: 0 }];
  let entries = 0;
  let text = 0;
  const tooMuch = (what: string) => new BulkheadError("FILE_TOO_LARGE", { operation: "walk", path: at, detail: what });
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path: parent, depth } = next;
    try {
      for await (const found of list(below(at, parent))) {
        const entry = { ...found, path: parent === "" ? found.name : `${parent}/${found.name}` };
        entries += 1;
        text += Buffer.byteLength(entry.path);
        if (entries > bounds.entries) throw tooMuch(`more than ${bounds.entries} files`);
        if (text > MOST_TEXT) throw tooMuch("too long names");
        yield entry;
        // Paths are text in requests: what has no name of text cannot be asked for.
        if (entry.type !== "directory" || entry.nameBytes !== undefined || !enter(entry)) continue;
        if (depth + 1 >= bounds.depth) throw tooMuch(`directories deeper than ${bounds.depth}`);
        if (Buffer.byteLength(below(at, entry.path)) > LONGEST_PATH) throw tooMuch("a path that is too long");
        waiting.push({ path: entry.path, depth: depth + 1 });
      }
    } catch (error) {
      const code = error instanceof BulkheadError ? error.code : "";
      const isPassed = parent !== "" && (GONE.has(code) || (passDenied && code === "FILE_DENIED"));
      if (!isPassed) throw error;
    }
  }
}

/** A path below a directory inside. */
export function below(at: string, path: string): string {
  if (path === "") return at;
  return at.endsWith("/") ? `${at}${path}` : `${at}/${path}`;
}

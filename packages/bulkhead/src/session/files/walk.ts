import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { DirectoryEntry } from "./entries.js";

/** An entry of a directory, or of one below it. */
export interface TreeEntry extends DirectoryEntry {
  /** Relative to the listed directory. */
  readonly path: string;
}

/** Limits on what a sandbox may report about its files: it can create more than anyone can hold in memory. */
export interface TreeBounds {
  /** Total number of files, directories and other entries. */
  readonly entries: number;
  /** Depth of nested directories. */
  readonly depth: number;
}

export const TREE_BOUNDS: TreeBounds = { entries: 100_000, depth: 64 };
/** Total bytes of all paths. */
const MOST_TEXT = 64 * 1024 * 1024;
const LONGEST_PATH = 4095;

const GONE: ReadonlySet<string> = new Set(["FILE_NOT_FOUND", "FILE_NOT_DIRECTORY"]);

export interface WalkOptions {
  readonly bounds?: TreeBounds;
  /** Whether to enter a directory. Default: enter all. */
  readonly enter?: (entry: TreeEntry) => boolean;
  /** Skips unreadable directories instead of failing. */
  readonly passDenied?: boolean;
}

/**
 * Yields everything below a directory inside, each directory before its entries. Never follows symbolic links. Skips
 * entries that have disappeared in the meantime.
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
        // Requests carry paths as text, so an entry whose name is not text cannot be requested.
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

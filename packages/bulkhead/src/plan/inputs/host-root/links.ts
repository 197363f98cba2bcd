import { readdirSync, readlinkSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Where packages put links to generated files: fonts, dictionaries, TeX formats. */
const TREES = ["/usr/share", "/usr/lib"] as const;
const DEEPEST = 4;
/** Large, and self-contained: none of their links leads out. */
const PASSED_OVER =
  /^(bash-completion|debug|doc|firmware|fonts|gcc.*|go-.*|help|icons|jvm|lintian|llvm.*|locale|man|mime|modules|node_modules|nodejs|perl.*|python.*|zoneinfo|.*-linux-gnu.*)$/;
/** A machine with more entries than this is examined only in part. */
const MOST_ENTRIES = 20_000;
/** Too deep in TeX to be searched for. */
const KNOWN = "/var/lib/texmf";
const STATE = /^\/var\/lib\/[^/]+/;

/**
 * Directories of /var/lib that a link in /usr leads into: programs read them as part of /usr. None if walking through
 * /usr would be too expensive.
 */
export function linkedState(): readonly string[] {
  const found = new Set([KNOWN]);
  const budget = { entries: MOST_ENTRIES };
  for (const tree of TREES) if (!isServed(tree)) walk(tree, 1, found, budget);
  return [...found].sort();
}

/** FUSE (virtiofs), 9p and NFS: a server holds a handle for each examined file, and has a limited number. */
const SERVED: ReadonlySet<number> = new Set([0x65735546, 0x01021997, 0x6969]);

function isServed(path: string): boolean {
  try {
    return SERVED.has(statfsSync(path).type >>> 0);
  } catch {
    return true;
  }
}

function walk(directory: string, depth: number, found: Set<string>, budget: { entries: number }): void {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(directory);
  } catch {
    return; // closed to us: then it shows nothing inside either
  }
  budget.entries -= entries.length;
  for (const entry of entries) {
    if (budget.entries < 0) return;
    const path = `${directory}/${entry.name}`;
    if (entry.isSymbolicLink()) {
      const [place] = STATE.exec(resolve(dirname(path), target(path))) ?? [];
      if (place !== undefined) found.add(place);
    } else if (entry.isDirectory() && depth < DEEPEST && !PASSED_OVER.test(entry.name)) {
      walk(path, depth + 1, found, budget);
    }
  }
}

function list(directory: string) {
  return readdirSync(directory, { withFileTypes: true });
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ".";
  }
}

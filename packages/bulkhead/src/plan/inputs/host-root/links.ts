import { readdirSync, readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Where packages put links to what they generate: fonts, dictionaries, formats of TeX. */
const TREES = ["/usr/share", "/usr/lib"] as const;
const DEEPEST = 5;
const STATE = /^\/var\/lib\/[^/]+/;

/** Directories of /var/lib that a link in /usr leads into: programs read them as a part of /usr. */
export function linkedState(): readonly string[] {
  const found = new Set<string>();
  for (const tree of TREES) walk(tree, 1, found);
  return [...found].sort();
}

function walk(directory: string, depth: number, found: Set<string>): void {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(directory);
  } catch {
    return; // closed to us: then it shows nothing inside either
  }
  for (const entry of entries) {
    const path = `${directory}/${entry.name}`;
    if (entry.isSymbolicLink()) {
      const [place] = STATE.exec(resolve(dirname(path), target(path))) ?? [];
      if (place !== undefined) found.add(place);
    } else if (entry.isDirectory() && depth < DEEPEST) {
      walk(path, depth + 1, found);
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

import { dirname } from "node:path/posix";
import type { FileLearned, Learned } from "./learned.js";

/** Paths for `access`: sorted, none below another of its list. */
export interface LearnedAccess {
  readonly read: readonly string[];
  readonly list: readonly string[];
  readonly write: readonly string[];
  readonly execute: readonly string[];
}

/**
 * Below these everything belongs to the system, and is the same for everybody: one rule for a package's directory says more than a
 * thousand for its files, and lasts through the next update. Deeper than the first match by one name.
 */
const SHARED = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/usr/libexec", "/lib", "/lib64", "/opt"];

/** What was seen of files, as the rules that would have sufficed, and hold for the next run too. */
export function generalise({ files }: Learned): LearnedAccess {
  const made = new Set(Object.keys(files).filter((path) => wants(files[path], "create")));
  /** Made anew each time, and often under another name: what counts is the directory that was there before. */
  const place = (path: string): string => {
    let directory = dirname(path);
    while (made.has(directory)) directory = dirname(directory);
    return directory;
  };
  const rules = {
    read: new Set<string>(),
    list: new Set<string>(),
    write: new Set<string>(),
    execute: new Set<string>(),
  };
  for (const [path, file] of Object.entries(files)) {
    // Decided by /dev itself, which is the sandbox's own, whatever `access` says.
    if (isWithin(path, "/dev")) continue;
    // Process numbers are others each time, and only the sandbox's own processes are there.
    const own = made.has(path) ? place(path) : isWithin(path, "/proc") ? "/proc" : path;
    if (wants(file, "create") || wants(file, "remove")) rules.write.add(place(path));
    if (wants(file, "write")) rules.write.add(own);
    if (wants(file, "execute")) rules.execute.add(own);
    if (wants(file, "read")) {
      if (file.kind === "directory") rules.list.add(own);
      else rules.read.add(sharedTree(own) ?? own);
    }
  }
  const read = outermost(rules.read);
  return {
    read,
    list: outermost(rules.list).filter((path) => !read.some((tree) => isWithin(path, tree))),
    write: outermost(rules.write),
    execute: outermost(rules.execute),
  };
}

function wants(file: FileLearned | undefined, use: FileLearned["uses"][number]): boolean {
  return file?.uses.includes(use) ?? false;
}

/** A file directly in such a directory stands for itself. */
function sharedTree(path: string): string | undefined {
  const above = SHARED.find((tree) => isWithin(path, tree) && path !== tree);
  if (above === undefined) return undefined;
  const [first = "", ...rest] = path.slice(above.length + 1).split("/");
  return rest.length === 0 ? path : `${above}/${first}`;
}

function outermost(paths: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (const path of [...paths].sort((a, b) => a.length - b.length)) {
    if (!kept.some((tree) => isWithin(path, tree))) kept.push(path);
  }
  return kept.sort();
}

export function isWithin(path: string, tree: string): boolean {
  return tree === "/" || path === tree || path.startsWith(`${tree}/`);
}

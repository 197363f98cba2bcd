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
 * Everything below these belongs to the system and is the same for all users: one rule for a package's directory says
 * more than a thousand for its files, and survives the next update. Rules are one name deeper than the first match.
 */
const SHARED = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/usr/libexec", "/lib", "/lib64", "/opt"];

/** Turns the observed file accesses into rules that would have sufficed, and that also fit the next run. */
export function generalise({ files }: Learned): LearnedAccess {
  const made = new Set(Object.keys(files).filter((path) => wants(files[path], "create")));
  /** Such files are created anew each time, often under another name: the directory that existed before counts. */
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
    // /dev is the sandbox's own and decides by itself, whatever `access` says.
    if (isWithin(path, "/dev")) continue;
    // Process numbers differ each time, and only the sandbox's own processes are visible.
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

/** A file directly in such a directory gets its own rule. */
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

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Paths, relative to the repository, of what is or is about to be committed. */
export function projectFiles(pattern: RegExp): readonly string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  return listed.split("\n").filter((path) => pattern.test(path) && readable(path));
}

export function readProjectFile(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export interface Import {
  readonly file: string;
  /** As written: `./x.js`, `zod`, `node:fs`. */
  readonly specifier: string;
  /** Of a relative import: what it names, relative to the repository. */
  readonly target: string | undefined;
}

/** Every static, dynamic and type import of a TypeScript file. Types count: they are dependencies of the reader. */
export function importsOf(file: string): readonly Import[] {
  const pattern =
    /^\s*(?:import|export)\s[^;"'`]*?from\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;
  return [...readProjectFile(file).matchAll(pattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    const target = specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined;
    return { file, specifier, target };
  });
}

/** A file that was removed and not yet committed as such is still listed. */
function readable(path: string): boolean {
  try {
    readFileSync(join(root, path));
    return true;
  } catch {
    return false;
  }
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The declarations that importers can reach, and the packages that these name. */
export interface Declarations {
  /** Relative to `dist`, sorted. */
  readonly files: readonly string[];
  readonly packages: ReadonlySet<string>;
}

/** Follows the imports of declarations from the package's exports on. */
export function reachable(dist: string, exports: readonly string[]): Declarations {
  const packages = new Set(["@types/node"]);
  const paths = new Set(exports.map((name) => join(dist, name)));
  for (const path of paths) {
    for (const specifier of importsOf(readFileSync(path, "utf8"))) {
      const target = join(dirname(path), specifier.replace(/\.js$/, ".d.ts"));
      if (specifier.startsWith(".") && existsSync(target)) paths.add(target);
      else if (!/^(\.|node:)/.test(specifier)) packages.add(packageOf(specifier));
    }
  }
  return { files: [...paths].map((path) => relative(dist, path)).sort(), packages };
}

function importsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:\bfrom |\bimport\(|^import )"([^"]+)"/gm)].map(([, specifier = ""]) => specifier);
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

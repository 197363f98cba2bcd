import { dirname } from "node:path";
import { projectFiles, readProjectFile } from "./sources.js";

/**
 * The lines of code of a Rust file: no blank ones, no comments, and nothing that is only compiled for tests or for
 * `bulkhead-contract`.
 */
export function codeLines(text: string): readonly string[] {
  const lines: string[] = [];
  let skipping = false;
  let pending = false;
  for (const line of text.split("\n")) {
    // rustfmt closes what stands at the left margin there.
    if (skipping) skipping = line !== "}";
    else if (line === "#[cfg(test)]") pending = true;
    else if (pending) {
      pending = false;
      skipping = line.endsWith("{");
    } else if (!/^\s*($|\/\/|#\[cfg_attr\(feature = "schema", .*\)\]$)/.test(line)) lines.push(line);
  }
  return lines;
}

/** The source files of a crate that are part of the program. */
export function crateFiles(crate: string): readonly string[] {
  const files = projectFiles(new RegExp(`^warden/${crate}/src/.*\\.rs$`));
  const onlyForTests = files.flatMap((file) =>
    [...readProjectFile(file).matchAll(/#\[cfg\(test\)\]\nmod (\w+);/g)].map(
      ([, name]) => `${dirname(file)}/${name}.rs`,
    ),
  );
  return files.filter((file) => !onlyForTests.includes(file));
}

export interface Dependencies {
  /** Other crates of the warden, without `bulkhead-`. */
  readonly own: readonly string[];
  readonly others: readonly string[];
  /** Features of our own crates that are turned on. */
  readonly features: readonly string[];
}

/** What a crate is built from; not what it only has for tests, or for who asks for it. */
export function dependenciesOf(crate: string): Dependencies {
  const manifest = readProjectFile(`warden/${crate}/Cargo.toml`);
  const section = /^\[dependencies\]\n((?:(?!\[).*\n?)*)/m.exec(manifest)?.[1] ?? "";
  const lines = section.split("\n").filter((line) => /^[\w-]+/.test(line) && !/optional\s*=\s*true/.test(line));
  const names = lines.map((line) => /^[\w-]+/.exec(line)?.[0] ?? "");
  const own = names.filter((name) => name.startsWith("bulkhead-")).map((name) => name.slice("bulkhead-".length));
  const features = lines.filter((line) => line.startsWith("bulkhead-") && /features/.test(line));
  return { own, others: names.filter((name) => !name.startsWith("bulkhead-")), features };
}

/** The file of a module of this crate: `mounts::api` is `mounts/api.rs`, `mounts` is `mounts/mod.rs` or `mounts.rs`. */
function fileOf(files: readonly string[], source: string, path: readonly string[]): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const name = path.slice(0, length).join("/");
    const found = [`${source}/${name}.rs`, `${source}/${name}/mod.rs`].find((file) => files.includes(file));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every path of a `use`: braces taken apart. */
function pathsOf(use: string): readonly string[] {
  const open = use.indexOf("{");
  if (open < 0) return [use.replace(/\s+as\s+\w+$/, "").trim()];
  const inside = use.slice(open + 1, use.lastIndexOf("}"));
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const letter of inside) {
    if (letter === "{") depth += 1;
    if (letter === "}") depth -= 1;
    if (letter === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += letter;
  }
  return [...parts, part].filter((one) => one.trim() !== "").flatMap((one) => pathsOf(use.slice(0, open) + one.trim()));
}

/**
 * Which file of a crate uses which other: a file uses the modules that it declares, and what it names by `use`. What
 * the root or a parent only hands on (`pub use`) is used from where it is.
 */
export function usesWithin(crate: string): ReadonlyMap<string, ReadonlySet<string>> {
  const source = `warden/${crate}/src`;
  const files = crateFiles(crate);
  const texts = new Map(files.map((file) => [file, codeLines(readProjectFile(file)).join("\n")]));
  const moduleOf = (file: string) =>
    file
      .slice(source.length + 1, -".rs".length)
      .split("/")
      .filter((part) => part !== "mod" && part !== "lib");
  const resolve = (from: readonly string[], path: string): readonly string[] => {
    const [first = "", ...rest] = path.split("::");
    if (first === "crate") return rest;
    if (first === "self") return [...from, ...rest];
    if (first === "super") return resolve(from.slice(0, -1), ["self", ...rest].join("::"));
    return [...from, first, ...rest];
  };
  const handedOn = new Map<string, readonly string[]>();
  for (const [file, text] of texts)
    for (const [, use = ""] of text.matchAll(/^pub use ([^;]+);/gm))
      for (const path of pathsOf(use)) {
        const target = resolve(moduleOf(file), path);
        handedOn.set([...moduleOf(file), target.at(-1)].join("::"), target);
      }
  const root = `${source}/lib.rs`;
  const fileFor = (path: readonly string[]): string => {
    const elsewhere = handedOn.get(path.join("::"));
    const found = fileOf(files, source, path);
    if (elsewhere !== undefined && elsewhere.join("::") !== path.join("::")) return fileFor(elsewhere);
    return found ?? root;
  };
  const uses = new Map<string, Set<string>>();
  for (const [file, text] of texts) {
    const own = moduleOf(file);
    const found = new Set<string>();
    for (const [, name = ""] of text.matchAll(/^\s*(?:pub )?mod (\w+);/gm)) found.add(fileFor([...own, name]));
    const named = [...text.matchAll(/^\s*(?:pub )?use ([^;]+);/gm)].flatMap(([, use = ""]) => pathsOf(use));
    for (const path of named) if (/^(crate|super|self)::/.test(path)) found.add(fileFor(resolve(own, path)));
    found.delete(file);
    uses.set(file, found);
  }
  return uses;
}

/** A cycle, from one file back to it; empty where there is none. */
export function cycleIn(uses: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): readonly string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of uses.get(file) ?? []) {
      const cycle = visit(next, [...way, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  for (const file of uses.keys()) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

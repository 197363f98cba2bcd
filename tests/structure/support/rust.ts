import { dirname } from "node:path";
import { projectFiles, readProjectFile } from "./sources.js";

/** The lines of code of a Rust file: no blank ones, no comments, and nothing that is only compiled for tests. */
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
    } else if (line.trim() !== "" && !line.trim().startsWith("//")) lines.push(line);
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

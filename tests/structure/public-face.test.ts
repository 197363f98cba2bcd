import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFiles, readProjectFile, root } from "./support/sources.js";

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

const library = "packages/bulkhead";
const manifest = JSON.parse(readProjectFile(`${library}/package.json`)) as Manifest;
/** The exports that hold code: `.`, `./images`, … */
const doors = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === "string" ? [] : [{ name: name.replace(/^\./, "bulkhead"), types: target.types }],
);

/** What a program runs code with. Something new belongs here only if most programs need it. */
const MAIN = [
  ...["run", "Sandbox", "Pool", "explain", "compareLevels", "loadPolicy", "listSandboxes", "killSandbox", "LEVELS"],
  ...["BulkheadError", "errorRegistry", "isErrorCode", "printable", "printableLine"],
];

describe("the main export", () => {
  const text = readProjectFile(`${library}/src/index.ts`);

  it("has what one runs code with, and nothing else but types", () => {
    const values = [...text.matchAll(/^export \{([^}]*)\}/gm)]
      .flatMap(([, items = ""]) => items.split(","))
      .map((item) => item.trim())
      .filter((item) => item !== "" && !item.startsWith("type "))
      .map((item) => item.split(" as ").at(-1));
    expect(values.sort()).toEqual([...MAIN].sort());
  });

  it("fits two screens", () => {
    expect(built("./dist/index.d.ts").split("\n").length).toBeLessThan(100);
  });
});

describe("every export", () => {
  const pages = projectFiles(/^docs\/[a-z-]+\.md$|^README\.md$/);

  it.each(doors)("$name stands in an example of a document", ({ name }) => {
    const examples = pages.flatMap((page) => [...readProjectFile(page).matchAll(/^```ts\n([\s\S]*?)^```/gm)]);
    expect(examples.some(([, example = ""]) => example.includes(`from "${name}"`))).toBe(true);
  });

  it.each(doors)("$name declares nothing that is internal", ({ types }) => {
    const internal = reachable(types).filter((path) => built(path).includes("@internal"));
    expect(internal).toEqual([]);
  });
});

/** A declaration as it is published. */
function built(path: string): string {
  return readFileSync(join(root, library, path), "utf8");
}

/** A declaration, and those that it imports. */
function reachable(first: string): readonly string[] {
  const found = new Set([normalize(first)]);
  for (const path of found) {
    for (const [, specifier = ""] of built(path).matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const target = join(dirname(path), specifier.replace(/\.js$/, ".d.ts"));
      expect(existsSync(join(root, library, target)), `${path} imports ${specifier}`).toBe(true);
      found.add(target);
    }
  }
  return [...found];
}

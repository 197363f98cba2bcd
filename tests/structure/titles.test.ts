import { describe, expect, it } from "vitest";
import { TITLE_PHRASES } from "./support/phrases.js";
import { projectFiles, readProjectFile } from "./support/sources.js";

const CALLS = /\b(?:it|test|describe)(?:\.\w+(?:\([^)]*\))*)*\(\s*(["'`])((?:\\.|(?!\1).)*)\1/gs;
/** The title follows a table of cases, and any options, in a call of its own. */
const AFTER_TABLE = /\]\)\(\s*(["'`])((?:\\.|(?!\1).)*)\1/gs;

function titlesOf(source: string): readonly string[] {
  return [CALLS, AFTER_TABLE].flatMap((pattern) => [...source.matchAll(pattern)].map(([, , title = ""]) => title));
}

describe("titles of tests", () => {
  it("are found in each form", () => {
    const source = `it("one", f); test.skipIf(x)(\n"two", f); it.each([["a"]])("three %s", f); describe(\`four\`, f);`;
    expect(titlesOf(source)).toEqual(expect.arrayContaining(["one", "two", "three %s", "four"]));
  });

  it("have none of the phrases that support/phrases.ts lists", () => {
    const files = projectFiles(/\.ts$/).filter(
      (path) => /(?:^|\/)tests?\//.test(path) && !path.includes("structure/titles"),
    );
    const titles = files.flatMap((path) => titlesOf(readProjectFile(path)).map((title) => ({ path, title })));
    expect(titles.length).toBeGreaterThan(1500);
    const found = titles.flatMap(({ path, title }) =>
      TITLE_PHRASES.filter(({ pattern }) => pattern.test(title)).map(
        ({ instead }) => `${path}: "${title}": write ${instead}`,
      ),
    );
    expect(found).toEqual([]);
  });
});

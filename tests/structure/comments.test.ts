import { describe, expect, it } from "vitest";
import { PHRASES } from "./support/phrases.js";
import { projectFiles, readProjectFile } from "./support/sources.js";

const WIDTH = 120;

const sources = projectFiles(/\.(?:ts|rs|mjs|sh)$/).filter((path) => path !== "tests/structure/support/phrases.ts");

describe("comments of sources", () => {
  it(`are at most ${WIDTH} columns wide`, () => {
    const wide = sources.flatMap((path) =>
      readProjectFile(path)
        .split("\n")
        .flatMap((line, index) => (isComment(line, path) && [...line].length > WIDTH ? [`${path}:${index + 1}`] : [])),
    );
    expect(wide).toEqual([]);
  });

  it("have none of the phrases that support/phrases.ts lists, and neither have strings", () => {
    const found = sources.flatMap((path) => {
      const text = onOneLine(readProjectFile(path));
      return PHRASES.filter(({ pattern }) => pattern.test(text)).map(
        ({ pattern, instead }) => `${path}: "${pattern.exec(text)?.[0]}": write ${instead}`,
      );
    });
    expect(found).toEqual([]);
  });
});

/** A `#` begins a comment only in shell: in Rust it begins an attribute, in TypeScript a private field. */
function isComment(line: string, path: string): boolean {
  return path.endsWith(".sh") ? /^\s*#/.test(line) : /^\s*(?:\/\/|\/\*|\*(?:[ /]|$))/.test(line);
}

/** A phrase may cross the end of a line of a comment. */
function onOneLine(text: string): string {
  return text.replace(/\n\s*(?:\/\/[/!]?|\*(?!\/)|#(?!\[))?\s*/g, " ");
}

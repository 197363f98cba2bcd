import { describe, expect, it } from "vitest";
import { DOCUMENT_PHRASES } from "./support/phrases.js";
import { projectFiles, readProjectFile } from "./support/sources.js";

const WIDTH = 120;

const documents = projectFiles(/\.md$/);

describe("prose of documents", () => {
  it(`is at most ${WIDTH} columns wide`, () => {
    const wide = documents.flatMap((path) =>
      proseOf(readProjectFile(path))
        .filter(({ text }) => [...text].length > WIDTH && !UNBREAKABLE.test(text))
        .map(({ line }) => `${path}:${line}`),
    );
    expect(wide).toEqual([]);
  });

  it("has none of the phrases that support/phrases.ts lists", () => {
    const found = documents.flatMap((path) =>
      paragraphsOf(proseOf(readProjectFile(path))).flatMap(({ text, line }) =>
        DOCUMENT_PHRASES.filter(({ pattern }) => pattern.test(text)).map(
          ({ pattern, instead }) => `${path}:${line}: "${pattern.exec(text)?.[0]}": write ${instead}`,
        ),
      ),
    );
    expect(found).toEqual([]);
  });
});

interface Line {
  readonly line: number;
  readonly text: string;
}

/** Rows of tables, headings, comments and names of tests must each stay on one line. */
const UNBREAKABLE = /^\s*\||^#|^<!--|^- test: /;

/** Every line that is not code. */
function proseOf(document: string): readonly Line[] {
  const lines: Line[] = [];
  let fenced = false;
  for (const [index, text] of document.split("\n").entries()) {
    if (/^\s*```/.test(text)) fenced = !fenced;
    else if (!fenced && !/^ {4}\S/.test(text)) lines.push({ line: index + 1, text });
  }
  return lines;
}

/**
 * Lines that a reader reads as one, without code spans and without names of tests: a phrase may cross the end of a
 * line.
 */
function paragraphsOf(lines: readonly Line[]): readonly Line[] {
  const paragraphs: { line: number; text: string }[] = [];
  let open = false;
  for (const { line, text } of lines) {
    const marked = /^\s*(?:[-*|]|\d+\.|#+)\s?/.exec(text)?.[0] ?? "";
    const words = text
      .slice(marked.length)
      .trim()
      .replace(/`[^`]*`/g, "`…`");
    const last = paragraphs.at(-1);
    if (text.trim() === "" || /^- test: /.test(text)) open = false;
    else if (open && marked === "" && last !== undefined) last.text += ` ${words}`;
    else {
      paragraphs.push({ line, text: words });
      open = true;
    }
  }
  return paragraphs;
}

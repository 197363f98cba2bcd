import { describe, expect, it } from "vitest";
import { projectFiles, readProjectFile } from "./support/sources.js";

const MAXIMUM_LINES = 400;

describe("source files", () => {
  it(`have at most ${MAXIMUM_LINES} lines: what needs a table of contents wants to be a folder`, () => {
    const long = projectFiles(/\.(ts|mjs|rs|sh)$/)
      .filter((path) => !path.includes("/contract/generated/"))
      .map((path) => ({ path, lines: readProjectFile(path).split("\n").length - 1 }))
      .filter(({ lines }) => lines > MAXIMUM_LINES);
    expect(long).toEqual([]);
  });

  it("switch no check off without saying why", () => {
    const bare = /biome-ignore\s[^:\n]*:?\s*$|@ts-(?:ignore|nocheck)|@ts-expect-error\s*$/m;
    const own = "tests/structure/files.test.ts";
    const wrong = projectFiles(/\.(ts|mjs)$/).filter((path) => path !== own && bare.test(readProjectFile(path)));
    expect(wrong).toEqual([]);
  });
});

describe("lock files", () => {
  it("do not say from which registry packages were downloaded", () => {
    expect(readProjectFile("package-lock.json")).not.toMatch(/"resolved": "https?:/);
  });
});

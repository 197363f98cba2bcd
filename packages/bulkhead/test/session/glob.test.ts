import { describe, expect, it } from "vitest";
import { type Glob, isMatch, matchesName, parseGlob, startOf, step } from "../../src/session/files/glob.js";

function matches(pattern: string, path: string, dot = false): boolean {
  const names = path.split("/").filter(Boolean);
  return (parseGlob(pattern, "/cwd") ?? []).some((glob) => isMatch(glob, statesAt(glob, names, dot)));
}

/** Of the whole path: what is before the first special part is matched by name. */
function statesAt(glob: Glob, names: readonly string[], dot: boolean) {
  const base = glob.base.split("/").filter(Boolean);
  if (base.some((name, at) => names[at] !== name)) return new Set<number>();
  return names.slice(base.length).reduce((states, name) => step(glob, states, name, dot), startOf(glob));
}

describe("a pattern", () => {
  it.each([
    ["/a/*.txt", "/a/b.txt"],
    ["/a/**/*.txt", "/a/b.txt"],
    ["/a/**/*.txt", "/a/b/c/d.txt"],
    ["/a/**", "/a/b/c"],
    ["/**/c", "/a/b/c"],
    ["/a/b", "/a/b"],
    ["*.ts", "/cwd/x.ts"],
    ["./*.ts", "/cwd/x.ts"],
    ["src/*.{ts,js}", "/cwd/src/x.js"],
    ["{a,b{c,d}}", "/cwd/bd"],
    ["/a/?", "/a/é"],
    ["/a/[b-d]", "/a/c"],
    ["/a/[!b-d]", "/a/e"],
    ["/a/[]x]", "/a/]"],
    ["/a/\\*", "/a/*"],
    ["/a/.*", "/a/.hidden"],
    ["/a/{x}", "/a/{x}"],
    ["/a*/b*/c", "/ax/by/c"],
  ])("%s names %s", (pattern, path) => expect(matches(pattern, path)).toBe(true));

  it.each([
    ["/a/*.txt", "/a/b/c.txt"],
    ["/a/*", "/a/.hidden"],
    ["/a/**", "/a/.hidden/b"],
    ["/a/**/*", "/b/c"],
    ["/a/?", "/a/bc"],
    ["/a/[b-d]", "/a/e"],
    ["/a/\\*", "/a/b"],
    ["/a/b", "/a/b/c"],
    ["/a/*b", "/a/bc"],
  ])("%s does not name %s", (pattern, path) => expect(matches(pattern, path)).toBe(false));

  it("takes names with a dot where that is asked for", () => {
    expect(matches("/a/**/*", "/a/.b/.c", true)).toBe(true);
  });

  it("of a hundred stars takes no time for a name that almost is one", () => {
    const since = performance.now();
    expect(matchesName(`${"*a".repeat(100)}b`, "a".repeat(255))).toBe(false);
    expect(performance.now() - since).toBeLessThan(500);
  });

  it("with braces that make too many is refused", () => {
    expect(parseGlob("{a,b}".repeat(9), "/")).toBeUndefined();
    expect(parseGlob("{a,b}".repeat(8), "/")).toHaveLength(256);
  });
});

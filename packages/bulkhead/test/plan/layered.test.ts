import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LayeredRoot } from "../../src/plan/inputs/layered.js";

let directory = "";
let upper = "";
let lower = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-test-layered-"));
  [upper, lower] = [join(directory, "upper"), join(directory, "lower")];
  for (const path of [upper, lower]) mkdirSync(path);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function put(layer: string, path: string, text = ""): void {
  mkdirSync(dirname(join(layer, path)), { recursive: true });
  writeFileSync(join(layer, path), text);
}

/** Anybody may make these. */
function whiteOut(layer: string, path: string): void {
  mkdirSync(dirname(join(layer, path)), { recursive: true });
  execFileSync("mknod", [join(layer, path), "c", "0", "0"]);
}

const view = () => new LayeredRoot([upper, lower]);

describe("a root of two layers", () => {
  it("has what either has, and of both the upper", () => {
    put(lower, "etc/passwd", "lower");
    put(lower, "etc/group", "lower");
    put(upper, "etc/passwd", "upper");
    expect([view().read("/etc/passwd"), view().read("/etc/group")]).toEqual(["upper", "lower"]);
    expect([view().kindAt("/etc"), view().kindAt("/etc/group"), view().kindAt("/etc/none")]).toEqual([
      "full",
      "file",
      "missing",
    ]);
  });

  it("has not what is whited out, nor what is below that", () => {
    put(lower, "etc/passwd", "lower");
    put(lower, "work/file");
    whiteOut(upper, "etc/passwd");
    whiteOut(upper, "work");
    expect(view().read("/etc/passwd")).toBeUndefined();
    expect([view().kindAt("/etc/passwd"), view().kindAt("/work"), view().kindAt("/work/file")]).toEqual([
      "missing",
      "missing",
      "missing",
    ]);
    expect(view().kindAt("/etc")).toBe("directory");
  });

  it("does not descend into a file that hides a directory of a lower layer", () => {
    put(lower, "a/b", "lower");
    put(upper, "a", "file");
    put(lower, "l/b", "lower");
    put(directory, "outside/b", "secret");
    symlinkSync(join(directory, "outside"), join(upper, "l"));
    expect([view().kindAt("/a"), view().kindAt("/a/b"), view().kindAt("/l"), view().kindAt("/l/b")]).toEqual([
      "file",
      "other",
      "other",
      "other",
    ]);
    expect([view().read("/a/b"), view().read("/l/b")]).toEqual([undefined, undefined]);
  });

  it("ends where a file lies between two directories", () => {
    put(upper, "d/x");
    put(lower, "d");
    const bottom = join(directory, "bottom");
    put(bottom, "d/hidden", "no");
    expect(new LayeredRoot([upper, lower, bottom]).kindAt("/d/hidden")).toBe("missing");
  });

  it("skips directories that it cannot read", () => {
    mkdirSync(join(lower, "closed"));
    chmodSync(join(lower, "closed"), 0);
    expect(view().kindAt("/closed")).toBe(process.getuid?.() === 0 ? "directory" : "full");
    chmodSync(join(lower, "closed"), 0o700);
  });
});

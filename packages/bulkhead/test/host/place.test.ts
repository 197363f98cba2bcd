import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireOwn } from "../../src/host/installed/place.js";

const OTHER = 12_345;

describe("a directory for programs", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "bulkhead-place-"));
    mkdirSync(join(directory, "above/programs"), { recursive: true });
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const at = (name: string) => join(directory, name);
  const untrusted = expect.objectContaining({ code: "INSTALLATION_UNTRUSTED" });

  it("may be below a sticky directory, and must not be one", () => {
    requireOwn(at("above/programs"));
    chmodSync(at("above"), 0o1777);
    requireOwn(at("above/programs"));
    expect(() => requireOwn(at("above"))).toThrow(untrusted);
  });

  it("must not be a link, or below a directory in which others may replace it", () => {
    symlinkSync("programs", at("above/link"));
    expect(() => requireOwn(at("above/link"))).toThrow(untrusted);
    chmodSync(at("above"), 0o777);
    expect(() => requireOwn(at("above/programs"))).toThrow(untrusted);
  });

  it.skipIf(process.getuid?.() !== 0)("must not be one that another user put there first", () => {
    chmodSync(at("above"), 0o1777);
    chownSync(at("above/programs"), OTHER, OTHER);
    expect(() => requireOwn(at("above/programs"))).toThrow(untrusted);
    chownSync(at("above/programs"), 0, 0);
    chownSync(at("above"), OTHER, OTHER);
    expect(() => requireOwn(at("above/programs"))).toThrow(untrusted);
  });

  it.skipIf(process.getuid?.() !== 0)("must not be writable for a group that is not this user's own", () => {
    chownSync(at("above/programs"), 0, OTHER);
    chmodSync(at("above/programs"), 0o775);
    expect(() => requireOwn(at("above/programs"))).toThrow(untrusted);
  });
});

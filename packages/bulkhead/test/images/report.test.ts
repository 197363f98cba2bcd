import { describe, expect, it } from "vitest";
import type { ImageLayer } from "../../src/images/image.js";
import { digestOf } from "../../src/images/reference/digest.js";
import { readReport } from "../../src/images/unpack/report.js";

const diffId = digestOf("content");
const layer = { diffId, digest: diffId, sizeBytes: 7 } as ImageLayer;
const good = { entries: 1, implied: 0, bytes: 1024, diffId, hidden: { names: 0, directories: 0, everything: false } };

function read(stdout: string, exitCode: number | null = 0, signal: string | null = null): unknown {
  try {
    const result = { stdout, exitCode, signal } as Parameters<typeof readReport>[0];
    return readReport(result, layer);
  } catch (error) {
    return error;
  }
}

describe("readReport", () => {
  it("believes a report that fits", () => {
    expect(read(JSON.stringify(good))).toMatchObject({ entries: 1, bytes: 1024 });
  });

  it("passes on why a layer was refused", () => {
    const error = { code: "IMAGE_LIMIT", operation: "read entry", path: "a", detail: "max-entries" };
    expect(read(JSON.stringify({ error }), 1)).toMatchObject(error);
  });

  it.each([
    ["another content", JSON.stringify({ ...good, diffId: digestOf("other") }), 0, "IMAGE_INVALID"],
    ["nothing", "", 0, "IMAGE_UNPACK_FAILED"],
    ["no JSON", "hello", 0, "IMAGE_UNPACK_FAILED"],
    ["a crash", "", 134, "IMAGE_UNPACK_FAILED"],
    ["success with a failing exit code", JSON.stringify(good), 1, "IMAGE_UNPACK_FAILED"],
    [
      "a failure with a good exit code",
      JSON.stringify({ error: { code: "IMAGE_LIMIT", operation: "x" } }),
      0,
      "IMAGE_UNPACK_FAILED",
    ],
    ["numbers that are none", JSON.stringify({ ...good, entries: -1 }), 0, "IMAGE_UNPACK_FAILED"],
    [
      "a code that is not the unpacker's",
      JSON.stringify({ error: { code: "ABORTED", operation: "x" } }),
      1,
      "IMAGE_UNPACK_FAILED",
    ],
  ])("does not believe %s", (_name, stdout, exitCode, code) => {
    expect(read(stdout, exitCode)).toMatchObject({ code });
  });
});

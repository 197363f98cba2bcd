import { describe, expect, it } from "vitest";
import { readChanges } from "../../src/sandbox/write-back/lister/read-changes.js";

const SMALL = { entries: 4, depth: 3, pathBytes: 100, textBytes: 1000 };
const PUT = { type: "file", mode: 0o644, mtimeMs: 0 };

async function read(...lines: readonly unknown[]) {
  async function* body() {
    for (const line of lines) yield Buffer.from(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  }
  return await readChanges(body(), "/out", new Set(["/out/apart"]), SMALL);
}

describe("the list of a lister", () => {
  it("becomes changes by path, in any order of the input", async () => {
    const { tree, files, links, setId, left } = await read(
      { path: "a/b", put: { ...PUT, mode: 0o4755 } },
      { path: "a", gone: "file", put: { type: "directory", mode: 0o755, mtimeMs: 1 } },
      { path: "l", put: { type: "symlink", mode: 0o777, mtimeMs: 0, target: "../x" } },
      { path: "p", left: "kind" },
    );
    expect([...tree.keys()]).toEqual(["a", "l"]);
    expect(tree.get("a")).toMatchObject({ gone: { type: "file" }, put: { type: "directory" } });
    expect([...(tree.get("a")?.below.keys() ?? [])]).toEqual(["b"]);
    expect([[...files.keys()], [...links.keys()], setId]).toEqual([["a/b"], ["l"], ["a/b"]]);
    expect(left).toEqual([{ path: "p", why: "kind" }]);
  });

  it.each([
    ["a way out", { path: "../x", put: PUT }],
    ["a way out in the middle", { path: "a/../../x", put: PUT }],
    ["an absolute path", { path: "/etc/x", put: PUT }],
    ["nothing", { path: "", put: PUT }],
    ["a name with NUL", { path: "a\0b", put: PUT }],
    ["half a character", '{"path":"\\ud800","put":{"type":"file","mode":420,"mtimeMs":0}}'],
    ["a name of Bulkhead's own", { path: ".bulkhead-write-back-1", put: PUT }],
    ["a path in another mount", { path: "apart/x", put: PUT }],
    ["another mount", { path: "apart", gone: "directory" }],
    ["what is deeper than anything", { path: "a/b/c/d/e", put: PUT }],
    ["a path that is too long", { path: "x".repeat(101), put: PUT }],
    ["a device", { path: "d", put: { ...PUT, type: "char" } }],
    ["a kind that there is not", { path: "d", gone: "whiteout" }],
    ["a mode beyond all bits", { path: "f", put: { ...PUT, mode: 0o10000 } }],
    ["a time that is none", { path: "f", put: { ...PUT, mtimeMs: "now" } }],
    ["a link to nothing", { path: "l", put: { ...PUT, type: "symlink" } }],
    ["a link with NUL", { path: "l", put: { ...PUT, type: "symlink", target: "a\0b" } }],
    ["a field more", { path: "f", put: PUT, owner: 0 }],
    ["a field more in what is put", { path: "f", put: { ...PUT, uid: 0 } }],
    ["an unknown reason", { path: "f", left: "because" }],
    ["what is no JSON", "{"],
    ["a line without an end of its own", "x".repeat(70_000)],
  ])("is refused with %s", async (_, line) => {
    await expect(read(line)).rejects.toMatchObject({ code: "HELPER_FAILED", operation: "read changes" });
  });

  it("is refused where it names a path twice, or more than there can be", async () => {
    const twice = { path: "f", put: PUT };
    await expect(read(twice, twice)).rejects.toMatchObject({ code: "HELPER_FAILED" });
    const many = Array.from({ length: 17 }, (_, number) => ({ path: `f${number}`, put: PUT }));
    await expect(read(...many)).rejects.toMatchObject({ code: "HELPER_FAILED" });
  });
});

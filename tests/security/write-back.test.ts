import { chmod, chown, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Plan } from "../../packages/bulkhead/src/plan/schema.js";
import type { DirectoryEntry } from "../../packages/bulkhead/src/sandbox/files/entries.js";
import { DirectoryCopy } from "../../packages/bulkhead/src/sandbox/write-back/copy.js";
import { TemporaryDirectory } from "../support/temporary.js";

const IS_ROOT = process.getuid?.() === 0;
const OWNER = IS_ROOT ? 54_321 : (process.getuid?.() ?? 0);
const BYTES = 1 << 20;
const INFO = { size: 5, mode: 0o644, uid: 1000, gid: 1000, mtimeMs: 0, ctimeUs: 1 } as const;

type Told = Readonly<Record<string, Omit<Partial<DirectoryEntry>, "name"> & { readonly content?: () => Readable }>>;

/** An inside that says what a test wants it to say; no guest of ours would. */
function inside(told: Told) {
  return {
    list: async (path: string): Promise<readonly DirectoryEntry[]> =>
      Object.entries(told)
        .filter(([at]) => `/out/${at}`.startsWith(`${path}/`) && !`/out/${at}`.slice(path.length + 1).includes("/"))
        .map(([at, { content: _, ...entry }]) => ({
          type: "file",
          ...INFO,
          ...entry,
          name: at.split("/").pop() ?? "",
        })),
    read: (path: string) => told[path.slice("/out/".length)]?.content?.() ?? Readable.from([Buffer.from("evil\n")]),
  };
}

// What a guest says is hostile, whatever runs in it: here its part is played, and the host's part is real.
describe("writing back what a hostile guest says", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create("write-back", 0o755);
    await mkdir(directory.join("out/sub"), { recursive: true });
    await mkdir(directory.join("outside"));
    await writeFile(directory.join("outside/canary"), "canary");
    await writeFile(directory.join("out/file"), "host\n");
    await writeFile(directory.join("out/sub/file"), "host\n");
    for (const path of ["out", "out/sub", "out/file", "out/sub/file"]) await own(path);
  });
  afterEach(async () => {
    expect(await readdir(directory.join("outside")), "nothing outside is touched").toEqual(["canary"]);
    expect(await readFile(directory.join("outside/canary"), "utf8")).toBe("canary");
    await directory[Symbol.asyncDispose]();
  });

  const BEFORE: Told = { file: {}, sub: { type: "directory", mode: 0o755 }, "sub/file": {} };

  async function own(path: string): Promise<void> {
    if (IS_ROOT) await chown(directory.join(path), OWNER, OWNER);
  }

  async function copied(before = BEFORE): Promise<DirectoryCopy> {
    const owner = { hostUid: OWNER, hostGid: OWNER, uid: 1000, gid: 1000 };
    const source = directory.join("out");
    const mount = { kind: "bind", source, at: "/out", readOnly: false, exec: true, owner } as const;
    const plan = { mounts: [mount], limits: { fileBytes: BYTES } } as unknown as Plan;
    const copy = await DirectoryCopy.of(mount, plan);
    await copy.begin(inside(before));
    return copy;
  }

  async function written(copy: DirectoryCopy, after: Told) {
    try {
      await copy.fetch(inside(after));
      return await copy.put();
    } finally {
      await copy.clear();
      const names = await readdir(directory.join("out")).catch(() => []);
      expect(names.filter((name) => name.startsWith(".bulkhead"))).toEqual([]);
    }
  }

  test("a link on the host, in the place of a directory that was copied, is not followed", async () => {
    const copy = await copied();
    await rename(directory.join("out/sub"), directory.join("moved"));
    await symlink(directory.join("outside"), directory.join("out/sub"));
    const after = { ...BEFORE, "sub/file": { ctimeUs: 2 }, "sub/canary": {} };
    await expect(written(copy, after)).rejects.toMatchObject({ code: "WRITE_BACK_FAILED", path: "/out/sub" });
    const gone = { file: {} };
    await written(copy, gone);
    expect((await lstat(directory.join("out/sub"))).isSymbolicLink()).toBe(true);
  });

  test("a link that came out of the guest is a link, and nothing is written through it", async () => {
    const copy = await copied();
    const target = directory.join("outside/canary");
    await written(copy, { ...BEFORE, link: { type: "symlink", target }, file: { type: "symlink", target } });
    expect((await lstat(directory.join("out/link"))).isSymbolicLink()).toBe(true);
    expect((await lstat(directory.join("out/file"))).isSymbolicLink()).toBe(true);
    // In a later turn it says that the link is a file, and then a directory.
    await written(copy, { ...BEFORE, link: { ctimeUs: 3 }, file: { ctimeUs: 3 } });
    expect(await readFile(directory.join("out/link"), "utf8")).toBe("evil\n");
    const late = { ...BEFORE, file: { ctimeUs: 3 }, link: { type: "directory" as const, mode: 0o755 }, "link/x": {} };
    await written(copy, late);
    expect(await readFile(directory.join("out/link/x"), "utf8")).toBe("evil\n");
  });

  test("another directory in the place of the whole is not written to", async () => {
    const copy = await copied();
    await rename(directory.join("out"), directory.join("away"));
    await symlink(directory.join("outside"), directory.join("out"));
    await expect(copy.fetch(inside({ ...BEFORE, new: {} }))).rejects.toThrow();
    await rm(directory.join("out"));
    await mkdir(directory.join("out"));
    await own("out");
    await expect(written(copy, { ...BEFORE, new: {} })).rejects.toMatchObject({ code: "WRITE_BACK_FAILED" });
    expect(await readdir(directory.join("out"))).toEqual([]);
  });

  test("devices, FIFOs and sockets are not made; set-id bits and owners are not kept", async () => {
    const copy = await copied();
    const kinds = { c: { type: "char" }, b: { type: "block" }, p: { type: "fifo" }, s: { type: "socket" } } as const;
    const setid = { mode: 0o6755, uid: 0, gid: 0 };
    const { left } = await written(copy, { ...BEFORE, ...kinds, setid, dir: { type: "directory", ...setid } });
    expect((await readdir(directory.join("out"))).sort()).toEqual(["dir", "file", "setid", "sub"]);
    for (const name of ["setid", "dir"]) {
      const { mode, uid } = await lstat(directory.join(`out/${name}`));
      expect([mode & 0o7777, uid]).toEqual([0o755, OWNER]);
    }
    expect(left.map(({ why }) => why).sort()).toEqual(["kind", "kind", "kind", "kind", "set-id"]);
  });

  test("content without end ends it, however small the file was said to be, and nothing was written", async () => {
    const copy = await copied();
    const endless = function* () {
      for (;;) yield Buffer.alloc(65_536);
    };
    const after = { ...BEFORE, file: { ctimeUs: 2 }, huge: { size: 1, content: () => Readable.from(endless()) } };
    await expect(written(copy, after)).rejects.toMatchObject({ code: "WRITE_BACK_FAILED" });
    expect(await readFile(directory.join("out/file"), "utf8")).toBe("host\n");
  });

  test("a guest that dies while it is read leaves the host's directory as it was", async () => {
    const copy = await copied();
    const dying = () =>
      new Readable({
        read() {
          this.destroy(new Error("gone"));
        },
      });
    await expect(written(copy, { ...BEFORE, file: { ctimeUs: 2 }, new: { content: dying } })).rejects.toThrow("gone");
    expect((await readdir(directory.join("out"))).sort()).toEqual(["file", "sub"]);
    expect(await readFile(directory.join("out/file"), "utf8")).toBe("host\n");
  });

  test("what the host has changed is not removed, and what is not changed inside is not written", async () => {
    const copy = await copied();
    await writeFile(directory.join("out/sub/file"), "changed by the host\n");
    await writeFile(directory.join("out/file"), "also changed\n");
    const { left, removed } = await written(copy, { file: {} });
    expect(await readFile(directory.join("out/sub/file"), "utf8")).toBe("changed by the host\n");
    expect(await readFile(directory.join("out/file"), "utf8")).toBe("also changed\n");
    expect(left.map(({ path, why }) => [path, why])).toEqual([
      ["/out/sub/file", "changed-on-host"],
      ["/out/sub", "changed-on-host"],
    ]);
    expect(removed).toBe(0);
  });

  test("a second time writes only what was changed since", async () => {
    const copy = await copied();
    const after = { ...BEFORE, file: { ctimeUs: 2 } };
    expect(await written(copy, after)).toMatchObject({ written: 1 });
    await writeFile(directory.join("out/file"), "the host's again\n");
    expect(await written(copy, after)).toMatchObject({ written: 0, removed: 0, made: 0 });
    expect(await readFile(directory.join("out/file"), "utf8")).toBe("the host's again\n");
  });

  test("what a killed process left is removed, and what others have put there is not followed", async () => {
    const left = `out/.bulkhead-write-back-1-1-1-00000000-${"0".repeat(16)}`;
    await mkdir(directory.join(left));
    await writeFile(directory.join(`${left}/0`), "half a file");
    await symlink(directory.join("outside/canary"), directory.join(`${left}/1`));
    const fake = directory.join(`out/.bulkhead-write-back-2-1-1-00000000-${"0".repeat(16)}`);
    await symlink(directory.join("outside"), fake);
    const copy = await copied();
    await copy.fetch(inside({ ...BEFORE, file: { ctimeUs: 2 } }));
    await copy.put();
    await copy.clear();
    expect((await readdir(directory.join("out"))).sort()).toEqual([fake.split("/").pop(), "file", "sub"]);
    await rm(fake);
  });

  test.runIf(IS_ROOT)("root writes nothing into a directory of somebody else's for a guest", async () => {
    await chown(directory.join("out/sub"), 0, 0);
    await chmod(directory.join("out/sub"), 0o755);
    const copy = await copied();
    const after = { ...BEFORE, "sub/file": { ctimeUs: 2 }, "sub/new": {} };
    await expect(written(copy, after)).rejects.toMatchObject({ code: "WRITE_BACK_FAILED", path: "/out/sub/file" });
    await expect(written(copy, { file: {} })).rejects.toMatchObject({ code: "WRITE_BACK_FAILED" });
    expect(await readdir(directory.join("out/sub"))).toEqual(["file"]);
    expect(await readFile(directory.join("out/sub/file"), "utf8")).toBe("host\n");
  });
});

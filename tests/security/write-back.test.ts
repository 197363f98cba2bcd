import { chmod, chown, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Plan } from "../../packages/bulkhead/src/plan/schema.js";
import { DirectoryCopy, type Inside } from "../../packages/bulkhead/src/sandbox/write-back/copy.js";
import { Lister } from "../../packages/bulkhead/src/sandbox/write-back/lister/lister.js";
import type { DirectoryEntry } from "../../packages/bulkhead/src/session/files/entries.js";
import { OpenDirectory } from "../../packages/bulkhead/src/session/host-files/open-directory.js";
import { TemporaryDirectory } from "../support/temporary.js";

const IS_ROOT = process.getuid?.() === 0;
const OWNER = IS_ROOT ? 54_321 : (process.getuid?.() ?? 0);
const BYTES = 1 << 20;
const INFO = { size: 5, mode: 0o644, uid: 1000, gid: 1000, mtimeMs: 0, ctimeUs: 1 } as const;

type Told = Readonly<Record<string, Omit<Partial<DirectoryEntry>, "name"> & { readonly content?: () => Readable }>>;

let lister: Lister;

/** Does something with an inside that says what the test makes it say, as no init would. The lister is the real one. */
async function asking<T>(told: Told, work: (inside: Inside) => Promise<T>): Promise<T> {
  async function* list(path: string): AsyncGenerator<Buffer, void, void> {
    for (const [at, { content: _, ...entry }] of Object.entries(told)) {
      const name = at.split("/").pop() ?? "";
      const line = { type: "file", ...INFO, ...entry, name };
      if (`/out/${at}` === `${path}/${name}`) yield Buffer.from(`${JSON.stringify(line)}\n`);
    }
  }
  const read = (path: string) =>
    told[path.slice("/out/".length)]?.content?.() ?? Readable.from([Buffer.from("evil\n")]);
  return await lister.during(list, async () => await work({ lister, read }));
}

// What a guest says is hostile, whatever runs in it: here its part is played, and the host's part is real.
describe("writing back what a hostile guest says", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    lister = new Lister();
    directory = await TemporaryDirectory.create("write-back", 0o755);
    await mkdir(directory.join("out/sub"), { recursive: true });
    await mkdir(directory.join("outside"));
    await writeFile(directory.join("outside/canary"), "canary");
    await writeFile(directory.join("out/file"), "host\n");
    await writeFile(directory.join("out/sub/file"), "host\n");
    for (const path of ["out", "out/sub", "out/file", "out/sub/file"]) await own(path);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    lister[Symbol.dispose]();
    expect(await readdir(directory.join("outside")), "nothing outside is touched").toEqual(["canary"]);
    expect(await readFile(directory.join("outside/canary"), "utf8")).toBe("canary");
    await directory[Symbol.asyncDispose]();
  });

  const BEFORE: Told = { file: {}, sub: { type: "directory", mode: 0o755 }, "sub/file": {} };

  test("a lister that was taken over and never answers does not hold up the end of a sandbox", async () => {
    using silent = new Lister(500);
    await silent.during(
      async function* () {},
      async () => await silent.begin({ directory: 0, at: "/out", apart: new Set() }),
    );
    process.kill(silent.pid, "SIGSTOP");
    await expect(silent.settled(0, new Set())).rejects.toMatchObject({ code: "HELPER_LOST" });
  });

  async function own(path: string): Promise<void> {
    if (IS_ROOT) await chown(directory.join(path), OWNER, OWNER);
  }

  async function copied(before = BEFORE, hostUid = OWNER): Promise<DirectoryCopy> {
    const owner = { hostUid, hostGid: OWNER, uid: 1000, gid: 1000 };
    const source = directory.join("out");
    const mount = { kind: "bind", source, at: "/out", readOnly: false, exec: true, owner } as const;
    const copy = await DirectoryCopy.of(0, mount, { mounts: [mount] } as unknown as Plan, BYTES);
    await asking(before, (inside) => copy.begin(inside));
    return copy;
  }

  async function written(copy: DirectoryCopy, after: Told) {
    try {
      await asking(after, (inside) => copy.fetch(inside));
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
    await expect(asking({ ...BEFORE, new: {} }, (inside) => copy.fetch(inside))).rejects.toThrow();
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

  test("keeps files that the host has changed, and does not write files that did not change inside", async () => {
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

  test("removes the leftovers of a killed process, and does not follow links that others put there", async () => {
    const name = `.bulkhead-write-back-1-1-1-00000000-${"0".repeat(16)}`;
    const left = `out/${name}`;
    await mkdir(directory.join(left));
    await writeFile(directory.join(`${left}/${name}`), "");
    await writeFile(directory.join(`${left}/0`), "half a file");
    await mkdir(directory.join(`${left}/2`));
    await symlink(directory.join("outside/canary"), directory.join(`${left}/1`));
    const fake = directory.join(`out/.bulkhead-write-back-2-1-1-00000000-${"0".repeat(16)}`);
    await symlink(directory.join("outside"), fake);
    const copy = await copied();
    await asking({ ...BEFORE, file: { ctimeUs: 2 } }, (inside) => copy.fetch(inside));
    await copy.put();
    await copy.clear();
    expect((await readdir(directory.join("out"))).sort()).toEqual([fake.split("/").pop(), "file", "sub"]);
    await rm(fake);
  });

  test("a directory that another one of the caller's was renamed to look like is not emptied", async () => {
    const fake = directory.join(`out/.bulkhead-write-back-1-1-1-00000000-${"0".repeat(16)}`);
    await mkdir(fake, { mode: 0o700 });
    await writeFile(`${fake}/0`, "the caller's");
    const copy = await copied();
    await asking({ ...BEFORE, file: { ctimeUs: 2 } }, (inside) => copy.fetch(inside));
    await copy.put();
    await copy.clear();
    expect(await readFile(`${fake}/0`, "utf8")).toBe("the caller's");
  });

  test("what could not be put in a directory that is in the way is put when it no longer is", async () => {
    const copy = await copied();
    await writeFile(directory.join("out/new"), "in the way");
    const after = { ...BEFORE, new: { type: "directory" as const, mode: 0o755 }, "new/file": {} };
    await expect(written(copy, after)).rejects.toMatchObject({ code: "WRITE_BACK_FAILED", path: "/out/new" });
    await rm(directory.join("out/new"));
    expect(await written(copy, after)).toMatchObject({ written: 1, made: 1 });
    expect(await readFile(directory.join("out/new/file"), "utf8")).toBe("evil\n");
  });

  /** Has something happen on the host just when a directory was made there, before it is opened. */
  function whenMade(swap: (path: string) => Promise<void>): void {
    const enter = OpenDirectory.prototype.enter;
    let names: readonly string[] = [];
    vi.spyOn(OpenDirectory.prototype, "enter").mockImplementation(async function (this: OpenDirectory, name: string) {
      const at = directory.join(`out/${name}`);
      const isNew = !names.includes(name) && (await lstat(at).catch(() => undefined))?.isDirectory() === true;
      if (isNew) await swap(at);
      names = [...names, name];
      return await enter.call(this, name);
    });
  }

  test.runIf(IS_ROOT)("a directory of root's that is put in the place of a new one is not given away", async () => {
    const copy = await copied();
    const roots = directory.join("out/roots");
    await mkdir(roots, { mode: 0o700 });
    whenMade(async (at) => {
      if (!at.endsWith("/new")) return;
      await rename(at, directory.join("out/aside"));
      await rename(roots, at);
    });
    const after = { ...BEFORE, new: { type: "directory" as const, mode: 0o777 }, "new/file": {} };
    await written(copy, after).catch(() => undefined);
    const found = (await readdir(directory.join("out"))).includes("roots") ? "out/roots" : "out/new";
    const { uid, mode } = await lstat(directory.join(found));
    expect([uid, mode & 0o777]).toEqual([0, 0o700]);
    expect(await readdir(directory.join(found))).toEqual([]);
  });

  test.runIf(IS_ROOT)("new files are not put in another user's directory that replaced our own", async () => {
    const copy = await copied();
    const theirs = directory.join("out/theirs");
    await mkdir(theirs, { mode: 0o777 });
    await chown(theirs, OWNER + 1, OWNER + 1);
    let taken = "";
    whenMade(async (at) => {
      if (!at.includes("/.bulkhead")) return;
      taken = at;
      await rename(at, directory.join("out/aside"));
      await rename(theirs, at);
    });
    await expect(asking({ ...BEFORE, file: { ctimeUs: 2 } }, (inside) => copy.fetch(inside))).rejects.toMatchObject({
      code: "WRITE_BACK_FAILED",
    });
    expect(taken).not.toBe("");
    expect(await readFile(directory.join("out/file"), "utf8")).toBe("host\n");
  });

  test.runIf(IS_ROOT)("a directory that has another owner than when the plan was made is refused", async () => {
    await expect(copied(BEFORE, OWNER + 1)).rejects.toMatchObject({ code: "FILES_INVALID" });
    await chown(directory.join("out"), 0, 0);
    await expect(copied()).rejects.toMatchObject({ code: "FILES_INVALID" });
  });

  test("a mount in the directory keeps its mode, for any owner", async () => {
    const copy = await copied();
    const { ino } = await lstat(directory.join("out/sub"), { bigint: true });
    const stat = Object.getOwnPropertyDescriptor(OpenDirectory.prototype, "stat")?.get;
    vi.spyOn(OpenDirectory.prototype, "stat", "get").mockImplementation(function (this: OpenDirectory) {
      const found = stat?.call(this);
      return found.ino === ino ? Object.assign(found, { dev: -1n }) : found;
    });
    const after = { ...BEFORE, sub: { type: "directory" as const, mode: 0o777 } };
    await expect(written(copy, after)).rejects.toMatchObject({ code: "WRITE_BACK_FAILED", path: "/out/sub" });
    expect((await lstat(directory.join("out/sub"))).mode & 0o777).toBe(0o755);
  });

  test.runIf(IS_ROOT)("root writes nothing into another user's directory for a guest", async () => {
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

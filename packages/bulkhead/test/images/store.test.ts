import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isAbandoned, newToken } from "../../src/host/owner-token.js";
import { digestOf } from "../../src/images/reference/digest.js";
import { ownUid, TREE_OWNER } from "../../src/images/store/owner.js";
import { removeTree } from "../../src/images/store/remove-tree.js";
import { Store, type TreeDirectories } from "../../src/images/store/store.js";

const key = "0".repeat(64);
const digest = digestOf("layer");
const record = { layer: digest, diffId: digest, entries: 1, implied: 0, bytes: 1, hides: "nothing" } as const;
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-test-store-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function fill({ root }: TreeDirectories): Promise<typeof record> {
  await writeFile(join(root, "file"), "content");
  return record;
}

describe("Store", () => {
  it("has a tree under its key once it is whole", async () => {
    const store = await Store.open(directory);
    expect(store.find(key)).toBeUndefined();
    const made = await store.make(key, async (directories) => {
      expect(store.find(key)).toBeUndefined();
      for (const path of Object.values(directories)) {
        expect((await stat(path)).uid).toBe(ownUid() === 0 ? TREE_OWNER : ownUid());
      }
      return await fill(directories);
    });
    expect(store.find(key)).toEqual(made);
    expect(made.paths).toEqual([join(directory, "trees", key, "root")]);
    expect(await readFile(join(directory, "trees", key, "root", "file"), "utf8")).toBe("content");
    expect(await readdir(join(directory, "work"))).toEqual([]);
  });

  it("has nothing, and leaves nothing, when making it failed", async () => {
    const store = await Store.open(directory);
    const failing = store.make(key, async (directories) => {
      await fill(directories);
      throw new Error("failed");
    });
    await expect(failing).rejects.toThrow("failed");
    expect(await store.find(key)).toBeUndefined();
    expect(await readdir(join(directory, "work"))).toEqual([]);
  });

  it("lets the first of two win, and both use it", async () => {
    const stores = await Promise.all([Store.open(directory), Store.open(directory)]);
    const made = await Promise.all(stores.map((store) => store.make(key, fill)));
    expect(made[0]).toEqual(made[1]);
    expect(await readdir(join(directory, "trees"))).toEqual([key]);
    expect(await readdir(join(directory, "work"))).toEqual([]);
  });

  it("believes what was not flushed in this boot only, and then makes it anew", async () => {
    await (await Store.open(directory)).make(key, fill);
    const path = join(directory, "trees", key, "tree.json");
    const written = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...written, unflushedIn: "00000000" }));
    const store = await Store.open(directory);
    expect(store.find(key)).toBeUndefined();
    expect(store.unflushed([key])).toEqual([]);
    await store.make(key, fill);
    expect(store.unflushed([key])).toEqual([key]);
    await store.confirm([key]);
    expect(store.unflushed([key])).toEqual([]);
    const later = await Store.open(directory);
    expect(later.find(key)?.record).toEqual({ ...record, unflushedIn: null });
    expect(await readdir(join(directory, "work"))).toEqual([]);
  });

  it("is closed to everybody else", async () => {
    await Store.open(join(directory, "new"));
    expect((await stat(join(directory, "new"))).mode & 0o777).toBe(0o700);
  });

  it("refuses another user's directory behind a link", async () => {
    await symlink("/tmp", join(directory, "link"));
    await expect(Store.open(join(directory, "link"))).rejects.toMatchObject({ code: "IMAGE_STORE_UNAVAILABLE" });
  });

  it("removes what dead processes left, and nothing that a live one makes", async () => {
    const store = await Store.open(directory);
    const [pid, started, ...rest] = newToken().split("-");
    const dead = [pid, Number(started) - 1, ...rest].join("-");
    const otherBoot = newToken().replace(/-[0-9a-f]{8}-/, "-00000000-");
    for (const name of [dead, otherBoot, "unknown"])
      await mkdir(join(directory, "work", name, "root"), { recursive: true });
    await store.make(key, async (root) => {
      await Store.open(directory);
      const left = await readdir(join(directory, "work"));
      expect(left).toHaveLength(2);
      expect(left).toContain("unknown");
      return await fill(root);
    });
  });
});

describe("isAbandoned", () => {
  it("knows its own process", () => {
    expect(isAbandoned(newToken())).toBe(false);
  });
});

describe("removeTree", () => {
  it("removes names that are not UTF-8, and links without their targets", async () => {
    const outside = join(directory, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "kept"), "");
    const tree = join(directory, "tree");
    await mkdir(join(tree, "below"), { recursive: true });
    await writeFile(Buffer.concat([Buffer.from(`${tree}/below/`), Buffer.from([0xff, 0xfe])]), "");
    await symlink(outside, join(tree, "link"));
    await removeTree(tree);
    expect(await readdir(directory)).toEqual(["outside"]);
    expect(await readdir(outside)).toEqual(["kept"]);
  });

  it("does nothing if the path does not exist", async () => {
    await expect(removeTree(join(directory, "none"))).resolves.toBeUndefined();
  });
});

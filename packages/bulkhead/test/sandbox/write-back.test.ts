import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { type Change, changesBetween, knownAfter } from "../../src/sandbox/write-back/changes.js";
import { type InsideEntry, type ListOne, listInside } from "../../src/sandbox/write-back/inside.js";
import type { DirectoryEntry } from "../../src/session/files/entries.js";
import { isPlainName } from "../../src/session/host-files/names.js";

const INFO = { type: "file", size: 1, mode: 0o644, uid: 1000, gid: 1000, mtimeMs: 0, ctimeUs: 0 } as const;
const FAILED = { code: "WRITE_BACK_FAILED" };
const SMALL = { entries: 1000, depth: 8, pathBytes: 500, textBytes: 10_000 };

const always = (...entries: DirectoryEntry[]): ListOne =>
  async function* () {
    yield* entries;
  };

describe("what an inside says of a directory", () => {
  it.each(["..", ".", "", "a/b", "../../etc/passwd", "a\0b", "x".repeat(256), "\ud800"])(
    "is refused for the name %j",
    async (name) => {
      expect(isPlainName(name)).toBe(false);
      await expect(listInside("/out", new Set(), always({ name, ...INFO }))).rejects.toMatchObject(FAILED);
    },
  );

  it("is refused for directories in directories without end, and for more files than there may be", async () => {
    const endless = always({ name: "d", ...INFO, type: "directory" });
    await expect(listInside("/out", new Set(), endless)).rejects.toMatchObject(FAILED);
    const wide = always(
      ...Array.from({ length: 300 }, (_, at) => ({ name: `${at}`, ...INFO, type: "directory" as const })),
    );
    await expect(listInside("/out", new Set(), wide, SMALL)).rejects.toMatchObject(FAILED);
    const long = always({ name: "l".repeat(250), ...INFO, type: "directory" });
    await expect(listInside("/out", new Set(), long, SMALL)).rejects.toMatchObject(FAILED);
  });

  it("is refused before more was taken than there may be, in one directory and in text", async () => {
    let taken = 0;
    const endless = (entry: object): ListOne =>
      async function* () {
        for (; ; taken += 1) yield { name: `${taken}`, ...INFO, ...entry };
      };
    await expect(listInside("/out", new Set(), endless({}), { ...SMALL, entries: 100 })).rejects.toMatchObject(FAILED);
    expect(taken).toBe(100);
    taken = 0;
    const links = endless({ type: "symlink", target: "t".repeat(4000) });
    await expect(listInside("/out", new Set(), links, SMALL)).rejects.toMatchObject(FAILED);
    expect(taken).toBe(2);
  });

  it("leaves out what else is mounted there, and Bulkhead's own names", async () => {
    const { entries, left } = await listInside(
      "/out",
      new Set(["/out/other"]),
      always({ name: "other", ...INFO }, { name: ".bulkhead-write-back-1", ...INFO }, { name: "file", ...INFO }),
    );
    expect([...entries.keys()]).toEqual(["file"]);
    expect(left).toEqual([{ path: ".bulkhead-write-back-1", why: "name" }]);
  });

  it("counts nothing as removed that is in a directory that cannot be listed any more", async () => {
    const listing = (closed: boolean) =>
      listInside("/out", new Set(), async function* (path) {
        if (path === "/out") yield { name: "d", ...INFO, type: "directory" };
        else if (closed) throw new BulkheadError("FILE_DENIED");
        else yield { name: "file", ...INFO };
      });
    const before = await listing(false);
    const closed = await listing(true);
    expect(changesBetween(before.entries, closed).tree.size).toBe(0);
    // Nor is it new when it can be again.
    const known = knownAfter(before.entries, closed, new Set());
    expect(changesBetween(known, before).tree.size).toBe(0);
  });
});

const name = fc.constantFrom("a", "b", "c", "d");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
const entry: fc.Arbitrary<InsideEntry> = fc.record({
  type: fc.constantFrom("file", "directory", "symlink", "fifo", "char", "block", "socket"),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  size: fc.nat(3),
  mtimeMs: fc.nat(3),
  ctimeUs: fc.nat(3),
  target: fc.constantFrom("x", "/etc/shadow"),
});
const entries = fc.dictionary(path, entry, { maxKeys: 12 }).map((all) => new Map(Object.entries(all)));

function flat(tree: ReadonlyMap<string, Change>, above = ""): (readonly [string, Change])[] {
  return [...tree].flatMap(([at, change]) => [[above + at, change] as const, ...flat(change.below, `${above}${at}/`)]);
}

describe("changes between two listings", () => {
  it("put only files, directories and links, remove only missing entries, and are empty between equal trees", () => {
    fc.assert(
      fc.property(entries, entries, (before, after) => {
        const all = { entries: after, closed: new Set<string>(), left: [] };
        const changes = changesBetween(before, all);
        for (const [at, { gone, put }] of flat(changes.tree)) {
          if (put !== undefined) expect(["file", "directory", "symlink"]).toContain(put.type);
          if (put !== undefined) expect(put).toBe(after.get(at));
          if (gone !== undefined) {
            expect(gone).toBe(before.get(at));
            expect(after.get(at)?.type).not.toBe(gone.type);
          }
        }
        for (const at of changes.special) expect(["fifo", "char", "block", "socket"]).toContain(after.get(at)?.type);
        expect(changesBetween(after, all).tree.size).toBe(0);
      }),
    );
  });
});

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { fingerprint, makeCanary } from "./support/canary.js";
import { corpus } from "./support/corpus.js";
import { Random } from "./support/random.js";
import { paxSparse } from "./support/sparse-cases.js";
import { pax, tar, tarEntry } from "./support/tar.js";
import { hiddenOf, mergedListing, missing, type UnpackAnswer, unpack } from "./support/unpacker.js";

/** Unpacks layers, each by itself, beside a canary, and asserts that the canary is as it was. */
async function attack(
  layers: (canary: string) => readonly Buffer[],
  flags: readonly string[] = [],
): Promise<{ answer: UnpackAnswer | undefined; tree: readonly string[]; canary: string }> {
  await using directory = await TemporaryDirectory.create("unpack");
  const canary = directory.join("canary");
  const paths: string[] = [];
  await makeCanary(canary);
  const before = await fingerprint(canary);
  let answer: UnpackAnswer | undefined;
  for (const layer of layers(canary)) {
    expect(answer?.error).toBeUndefined();
    const dest = directory.join(`layer${paths.length}`);
    await mkdir(dest);
    answer = await unpack(dest, layer, ...(paths.length === 0 ? ["--lowest"] : []), ...flags);
    if (answer.hidden?.everything === true) paths.length = 0;
    paths.unshift(dest, hiddenOf(dest));
  }
  expect(await fingerprint(canary)).toBe(before);
  // What is left of a layer that was refused is of no use to anybody.
  return { answer, tree: answer?.error === undefined ? await mergedListing(paths) : [], canary };
}

describe.skipIf(missing !== undefined)(`the unpacker alone ${missing ?? ""}`, () => {
  it.each(corpus)("$name", async ({ layers, expected, flags }) => {
    const { answer, tree, canary } = await attack(layers, flags);
    if ("code" in expected) {
      expect(answer).toMatchObject({ exitCode: 1, error: expected });
    } else {
      expect(answer).toMatchObject({ exitCode: 0 });
      const shown = tree.map((line) => line.replace(canary, "CANARY"));
      if (expected.tree !== "any") expect(shown).toEqual(expected.tree);
    }
  });

  it("keeps no set-user-id, set-group-id or sticky file, and says so", async () => {
    await using directory = await TemporaryDirectory.create("unpack");
    const dest = directory.join("dest");
    await mkdir(dest);
    const answer = await unpack(dest, tar({ name: "su", mode: 0o7755 }, { name: "d", type: "5", mode: 0o3000 }));
    expect(answer.dropped).toMatchObject({ setIds: 2 });
    expect((await stat(directory.join("dest/su"))).mode & 0o7777).toBe(0o755);
    expect((await stat(directory.join("dest/d"))).mode & 0o7777).toBe(0o1700);
  });

  it("makes holes where a sparse file has them", async () => {
    await using directory = await TemporaryDirectory.create("unpack");
    const dest = directory.join("dest");
    await mkdir(dest);
    const size = 1 << 30;
    const [header, data] = paxSparse("a", size, [[size - 4096, 4096]], "x".repeat(4096));
    const answer = await unpack(dest, tar(...[header, data].filter((entry) => entry !== undefined)));
    expect(answer).toMatchObject({ exitCode: 0 });
    expect(answer.bytes).toBeGreaterThan(size);
    const { size: found, blocks } = await stat(directory.join("dest/a"));
    expect(found).toBe(size);
    expect(blocks * 512).toBeLessThan(1 << 20);
  });

  it.each([
    ["gnu", []],
    ["pax", ["--sparse-version=0.0"]],
    ["pax", ["--sparse-version=0.1"]],
    ["pax", ["--sparse-version=1.0"]],
  ])("reads what GNU tar writes of a sparse file: %s %s", async (format, flags) => {
    await using directory = await TemporaryDirectory.create("unpack");
    const [from, dest] = [directory.join("from"), directory.join("dest")];
    await mkdir(from);
    await mkdir(dest);
    // As many pieces as need blocks of their own in every format, and a name that needs a header of its own.
    const name = "n".repeat(120);
    const file = await open(directory.join("from", name), "w");
    for (let piece = 0; piece < 60; piece += 1) await file.write(`${piece}`.repeat(2048), piece * 65_536);
    await file.truncate(5_000_000);
    await file.close();
    const options = { maxBuffer: 64 << 20 };
    const layer = execFileSync("tar", ["-S", `--format=${format}`, ...flags, "-C", from, "-c", "."], options);
    expect(layer.length).toBeLessThan(2 << 20);
    expect(await unpack(dest, layer)).toMatchObject({ exitCode: 0 });
    const written = await readFile(directory.join("dest", name));
    expect(written.equals(await readFile(directory.join("from", name)))).toBe(true);
  });

  it("keeps a user's own extended attributes and no others, and says so", async () => {
    await using directory = await TemporaryDirectory.create("unpack");
    const dest = directory.join("dest");
    await mkdir(dest);
    const xattrs = {
      "SCHILY.xattr.user.kept": "value\0\n=",
      "SCHILY.xattr.user.overlay.opaque": "y",
      "SCHILY.xattr.trusted.overlay.redirect": "/etc",
      "SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
      "SCHILY.xattr.system.posix_acl_access": "\x02\0\0\0",
      "SCHILY.xattr.user.long": "x".repeat(1025),
      "LIBARCHIVE.xattr.user.kept": "dmFsdWU",
    };
    const file = { name: "a", mode: 0o444 };
    const answer = await unpack(dest, tar(pax(xattrs), file, pax(xattrs), { name: "d", type: "5", mode: 0o555 }));
    expect(answer).toMatchObject({ exitCode: 0 });
    for (const name of ["a", "d"]) {
      const flags = ["--xattrs", "--xattrs-include=*", "--format=pax", "-C", dest, "-c", name];
      const found =
        execFileSync("tar", flags)
          .toString("latin1")
          .match(/SCHILY\.xattr\.[^=]*=[^=]*=/g) ?? [];
      // A file system without any keeps none, and it is counted.
      const kept = answer.dropped?.["xattrs"] === 14 ? [] : ["SCHILY.xattr.user.kept=value\0\n="];
      expect(found).toEqual(kept);
    }
    expect([12, 14]).toContain(answer.dropped?.["xattrs"]);
  });

  it.each([
    ["a gzip bomb", gzipSync(Buffer.alloc(128 << 20)), "max-ratio"],
    ["a gzip bomb in a file", gzipSync(tar({ name: "a", data: Buffer.alloc(128 << 20) })), "max-ratio"],
  ])("%s", async (_name, layer, detail) => {
    const { answer } = await attack(() => [layer]);
    // Zeros are the end of an archive: the bomb is behind it, and is counted all the same.
    expect(answer).toMatchObject({ exitCode: 1, error: { code: "IMAGE_LIMIT", detail } });
  });

  it.each([
    ["truncated gzip", gzipSync(tar({ name: "a", data: randomBytes(4096) })).subarray(0, -20)],
    [
      "corrupt gzip",
      Buffer.from(
        gzipSync(tar({ name: "a", data: randomBytes(4096) })).map((byte, at) => (at === 2000 ? byte ^ 255 : byte)),
      ),
    ],
    ["garbage behind gzip", Buffer.concat([gzipSync(tar({ name: "a" })), Buffer.from("garbage")])],
    ["something that only begins like zstd", Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), randomBytes(4096)])],
    ["random bytes", randomBytes(65_536)],
  ])("%s is refused", async (_name, layer) => {
    const { answer } = await attack(() => [layer]);
    expect(answer).toMatchObject({ exitCode: 1, error: { code: "IMAGE_INVALID" } });
  });

  it("is never led outside, nor brought to crash, by archives changed at random", async () => {
    await using directory = await TemporaryDirectory.create("unpack");
    const canary = directory.join("canary");
    await makeCanary(canary);
    const before = await fingerprint(canary);
    const random = new Random(1);
    for (let round = 0; round < 300; round += 1) {
      const seed = random.pick(corpus).layers(canary).at(-1) ?? Buffer.alloc(0);
      const dest = directory.join(`dest${round}`);
      await mkdir(dest);
      const answer = await unpack(dest, random.change(seed));
      expect([answer.exitCode, answer.error === undefined]).toEqual([
        answer.exitCode === 0 ? 0 : 1,
        answer.exitCode === 0,
      ]);
    }
    expect(await fingerprint(canary)).toBe(before);
  });

  it("takes twenty thousand files, and refuses a million entries as soon as they are one too many", async () => {
    await using directory = await TemporaryDirectory.create("unpack");
    const dest = directory.join("dest");
    await mkdir(dest);
    const files = Array.from({ length: 20_000 }, (_, n) => tarEntry({ name: `${n % 100}/${n}` }));
    expect(await unpack(dest, [...files, Buffer.alloc(1024)])).toMatchObject({ exitCode: 0, entries: 20_000 });
    expect(await readdir(directory.join("dest/7"))).toHaveLength(200);
    // Without files of their own the others cost nobody a minute, and count all the same. No end: it must not be
    // needed.
    const thousand = Buffer.concat(Array.from({ length: 1000 }, (_, n) => tarEntry({ name: `${n}`, type: "6" })));
    function* endless() {
      for (let round = 0; round < 2000; round += 1) yield thousand;
    }
    const other = directory.join("other");
    await mkdir(other);
    expect(await unpack(other, endless())).toMatchObject({
      exitCode: 1,
      error: { code: "IMAGE_LIMIT", operation: "read entry", detail: "max-entries" },
    });
  });

  it("does not follow what was in the destination before", async () => {
    const { answer } = await attack((canary) => [
      tar({ name: "etc", type: "2", link: canary }),
      tar({ name: "etc", type: "5" }, { name: "etc/secret", data: "x" }, { name: "etc/.wh.link" }),
    ]);
    expect(answer).toMatchObject({ exitCode: 0, entries: 3 });
  });
});

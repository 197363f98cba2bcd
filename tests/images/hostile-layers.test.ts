import { randomBytes } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { fingerprint, makeCanary } from "./support/canary.js";
import { corpus } from "./support/corpus.js";
import { Random } from "./support/random.js";
import { tar } from "./support/tar.js";
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
  return { answer, tree: await mergedListing(paths), canary };
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

  it("does not follow what was in the destination before", async () => {
    const { answer } = await attack((canary) => [
      tar({ name: "etc", type: "2", link: canary }),
      tar({ name: "etc", type: "5" }, { name: "etc/secret", data: "x" }, { name: "etc/.wh.link" }),
    ]);
    expect(answer).toMatchObject({ exitCode: 0, entries: 3 });
  });
});

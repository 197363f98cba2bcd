import { execFileSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { constants, createGzip, gzipSync } from "node:zlib";
import { type Level, run } from "bulkhead";
import { images } from "bulkhead/images";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { dockerArchive, dockerArchiveTar } from "./support/archive.js";
import { tar } from "./support/tar.js";
import { mergedListing } from "./support/unpacker.js";

const base = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
const rootLayer = execFileSync("tar", ["-C", base, "--sort=name", "-c", "."], { maxBuffer: 64 << 20 });
const small = tar({ name: "file", data: "x" });
const plain = dockerArchiveTar([small]);
const compress = (program: string, bytes: Uint8Array) =>
  execFileSync(program, ["-c"], { input: bytes, maxBuffer: 64 << 20 });

let directory: TemporaryDirectory;
let store = "";
let count = 0;
beforeAll(async () => {
  directory = await TemporaryDirectory.create("compressed");
  store = directory.join("store");
  process.env["BULKHEAD_STORE"] = store;
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await directory[Symbol.asyncDispose]();
});

async function archive(bytes: Uint8Array, name = `archive-${++count}`): Promise<string> {
  const path = directory.join(name);
  await writeFile(path, bytes);
  return `docker-archive:${path}`;
}

const leftovers = async () => await readdir(`${store}/work`);

await forEachLevel((level: Level) => {
  it("runs an image of `docker save | gzip`", async () => {
    const config = { config: { Cmd: ["echo", "compressed"] } };
    const image = await archive(gzipSync(dockerArchiveTar([rootLayer], { config })), `image-${level}.tar.gz`);
    expect(await run([], { image, level })).toMatchObject({ exitCode: 0, stdout: "compressed\n" });
  });
});

describe("an archive that is compressed as a whole", () => {
  it.each([
    ["gzip", gzipSync(plain)],
    ["gzip in two members", Buffer.concat([gzipSync(plain.subarray(0, 700)), gzipSync(plain.subarray(700))])],
    ["gzip of level 0", gzipSync(plain, { level: 0 })],
    ["zstd", compress("zstd", plain)],
    ["nothing", plain],
  ])("is read with %s, whatever it is called", async (_, bytes) => {
    const { layers } = await openImage(await archive(bytes));
    expect(await mergedListing(layers)).toEqual(["file=x"]);
    expect(await leftovers()).toEqual([]);
  });

  it("is imported, tags and all", async () => {
    const source = await archive(gzipSync(dockerArchiveTar([small], { tags: ["one:1", "two:2"] })));
    await images.import(`${source}:two:2`, "localhost/compressed");
    expect(await images.inspect("localhost/compressed")).toMatchObject({ layers: 1 });
    await expect(openImage(`${source}:three:3`)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it.each(["xz", "bzip2"])("is refused with %s, by its name", async (program) => {
    const source = await archive(compress(program, plain));
    await expect(openImage(source)).rejects.toMatchObject({
      code: "IMAGE_INVALID",
      detail: `compressed with ${program}: decompress it first`,
    });
  });

  const members = dockerArchive([tar({ name: "good" })]);
  const lying = tar(
    ...members.map((entry) => (entry.name.endsWith("layer.tar") ? { ...entry, data: tar({ name: "evil" }) } : entry)),
  );

  it.each([
    ["that is cut short", gzipSync(plain).subarray(0, -20), "truncated"],
    ["with a wrong checksum", flipped(gzipSync(plain), -6), "corrupt"],
    ["of nothing", gzipSync(Buffer.alloc(0)), "truncated"],
    ["that is only a magic number", Buffer.from([0x1f, 0x8b]), "truncated"],
    ["in gzip in gzip", gzipSync(gzipSync(plain)), expect.any(String)],
    ["of a layer that is not what the configuration says", gzipSync(lying), "digest"],
  ])("is refused: one %s", async (_, bytes, detail) => {
    await expect(openImage(await archive(bytes))).rejects.toMatchObject({ code: "IMAGE_INVALID", detail });
    expect(await leftovers()).toEqual([]);
  });

  it("is a bomb, and bounded", async () => {
    const source = await archive(await bomb(256));
    await expect(openImage(source)).rejects.toMatchObject({ code: "IMAGE_LIMIT", detail: "max-ratio" });
    const limits = { bytes: 1 << 20 };
    await expect(openImage(source, { limits })).rejects.toMatchObject({ code: "IMAGE_LIMIT", detail: "max-bytes" });
    await expect(openImage(source, { limits: { timeMs: 1 } })).rejects.toMatchObject({ code: "IMAGE_LIMIT" });
    expect(await leftovers()).toEqual([]);
  });

  it("is given up when its caller says so", async () => {
    const source = await archive(gzipSync(plain));
    await expect(openImage(source, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(await leftovers()).toEqual([]);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = copy.length + at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

/** So many MiB of zeros. */
async function bomb(mib: number): Promise<Buffer> {
  const gzip = createGzip({ level: constants.Z_BEST_COMPRESSION });
  const chunks: Buffer[] = [];
  gzip.on("data", (chunk: Buffer) => chunks.push(chunk));
  for (let index = 0; index < mib; index += 1) {
    if (!gzip.write(Buffer.alloc(1 << 20))) await new Promise((resolve) => gzip.once("drain", resolve));
  }
  await new Promise<void>((resolve) => gzip.end(() => resolve()));
  return Buffer.concat(chunks);
}

import { execFileSync, spawnSync } from "node:child_process";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Level, run } from "bulkhead";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { dockerArchiveTar } from "./support/archive.js";
import { fingerprint, makeCanary } from "./support/canary.js";
import { corpus } from "./support/corpus.js";
import { LAYER, LayoutWriter, sha256 } from "./support/layout.js";
import { tar } from "./support/tar.js";
import { mergedListing } from "./support/unpacker.js";

const base = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
/** A root file system with a shell, as one layer. */
const rootLayer = execFileSync("tar", ["-C", base, "--sort=name", "-c", "."], { maxBuffer: 64 << 20 });
const config = { Env: ["GREETING=hello"], WorkingDir: "/work", Entrypoint: ["/bin/echo"], Cmd: ["hi"] };

let directory: TemporaryDirectory;
let canary = "";
let before = "";

beforeAll(async () => {
  directory = await TemporaryDirectory.create("image");
  process.env["BULKHEAD_STORE"] = directory.join("store");
  canary = directory.join("canary");
  await makeCanary(canary);
  before = await fingerprint(canary);
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  expect(await fingerprint(canary)).toBe(before);
  await directory[Symbol.asyncDispose]();
});

/** The image of these layers, as a layout. */
async function layoutOf(layers: readonly Uint8Array[], name: string, manifest = {}): Promise<string> {
  const layout = await LayoutWriter.create(directory.join(name));
  await layout.index(await layout.image(layers, { config: { config }, manifest }));
  return `oci:${layout.path}`;
}

async function work(): Promise<readonly string[]> {
  return await readdir(directory.join("store", "work"));
}

await forEachLevel((level: Level) => {
  it("runs a program of an image, as the image says", async () => {
    const root = await layoutOf([rootLayer], `run-${level}`);
    const shown = await run(["sh", "-c", "pwd; echo $GREETING; id -u; stat -c %u /bin/busybox"], { root, level });
    expect(shown).toMatchObject({ exitCode: 0, level });
    const [workdir, greeting, user, owner] = shown.stdout.split("\n");
    expect([workdir, greeting]).toEqual(["/work", "hello"]);
    // Its files are root's, as seen from its user. (At `chroot` both show as they are on the host.)
    expect(Number(user) - Number(owner)).toBe(1000);
  });

  it("runs an image of docker save", async () => {
    const path = directory.join(`image-${level}.tar`);
    await writeFile(path, dockerArchiveTar([rootLayer], { config: { config } }));
    const shown = await run(["cat", "/etc/passwd"], { root: `docker-archive:${path}`, level });
    expect(shown).toMatchObject({ exitCode: 0, level });
    expect(shown.stdout).toContain("sandbox");
  });

  it("does not let a workload change the tree that others use", async () => {
    const root = await layoutOf([rootLayer], `shared-${level}`);
    const [path = ""] = (await openImage(root)).layers;
    const unchanged = await fingerprint(path);
    const script = "echo x > /etc/passwd; rm -rf /bin/busybox /etc; mkdir /new; chmod 777 /etc; exit 0";
    await run(["sh", "-c", script], { root, level });
    await run(["sh", "-c", script], { root, level, user: 0 });
    await run(["sh", "-c", script], { root, level, user: 0, writable: true });
    expect(await fingerprint(path)).toBe(unchanged);
  });
});

describe("openImage", () => {
  it("unpacks once, in any archive format", async () => {
    const { layers, config: said } = await openImage(await layoutOf([rootLayer], "plain"));
    const [path = ""] = layers;
    const changed = (await stat(path)).ctimeMs;
    const archive = directory.join("same.tar");
    await writeFile(archive, dockerArchiveTar([rootLayer]));
    expect((await openImage(`docker-archive:${archive}`)).layers).toEqual([path]);
    expect((await stat(path)).ctimeMs).toBe(changed);
    expect(said).toMatchObject({
      entrypoint: ["/bin/echo"],
      cmd: ["hi"],
      workdir: "/work",
      env: { GREETING: "hello" },
    });
  });

  it("unpacks once for many that ask at once", async () => {
    const source = await layoutOf([tar({ name: "once", data: "x" })], "once");
    const opened = await Promise.all(Array.from({ length: 8 }, () => openImage(source)));
    expect(new Set(opened.map(({ layers: [path] }) => path)).size).toBe(1);
    expect(await mergedListing(opened[0]?.layers ?? [])).toEqual(["once=x"]);
  });

  it("is cut off when its time is up, and leaves nothing", async () => {
    const source = await layoutOf([tar({ name: "slow", data: "x" })], "slow");
    await expect(openImage(source, { limits: { timeMs: 1 } })).rejects.toMatchObject({ code: "IMAGE_LIMIT" });
    expect(await work()).toEqual([]);
  });

  it("is given up when its caller says so, and leaves nothing", async () => {
    const source = await layoutOf([tar({ name: "abort", data: "x" })], "abort");
    await expect(openImage(source, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(await work()).toEqual([]);
  });

  it("is given up by one caller and not by another", async () => {
    const source = await layoutOf([tar({ name: "shared", data: "x" })], "given-up");
    const one = new AbortController();
    const opened = [openImage(source, { signal: one.signal }), openImage(source)] as const;
    setTimeout(() => one.abort(), 5);
    const [first, second] = await Promise.allSettled(opened);
    if (first.status === "rejected") expect(first.reason).toMatchObject({ code: "ABORTED" });
    expect(second.status).toBe("fulfilled");
    expect(await work()).toEqual([]);
  });

  it.each(["skopeo", "umoci"])("reads what %s writes", async (tool) => {
    if (spawnSync(tool, ["--version"]).error !== undefined) return;
    const [made, layout] = [directory.join(`${tool}-made`), directory.join(`${tool}-layout`)];
    if (tool === "umoci") {
      const umoci = (...args: readonly string[]) => execFileSync("umoci", args, { stdio: "pipe" });
      umoci("init", "--layout", layout);
      umoci("new", "--image", `${layout}:v1`);
      umoci("unpack", ...(process.getuid?.() === 0 ? [] : ["--rootless"]), "--image", `${layout}:v1`, made);
      execFileSync("cp", ["-a", `${base}/.`, join(made, "rootfs")]);
      umoci("repack", "--image", `${layout}:v1`, made);
    } else {
      const source = await layoutOf([rootLayer], `${tool}-made`);
      execFileSync("skopeo", ["copy", "--insecure-policy", "-q", source, `oci:${layout}:v1`], { stdio: "pipe" });
    }
    const shown = await run(["cat", "/etc/hostname", "/etc/group"], { root: `oci:${layout}:v1` });
    expect(shown.stdout).toContain("sandbox");
  });
});

describe("a hostile image, in the sandbox that unpacks it", () => {
  let hostile = 0;

  it.each(corpus.filter(({ flags }) => flags === undefined))("$name", async ({ layers, expected }) => {
    hostile += 1;
    const source = await layoutOf(layers(canary), `hostile-${hostile}`);
    if ("code" in expected) {
      await expect(openImage(source)).rejects.toMatchObject(expected);
    } else {
      const opened = await openImage(source);
      const shown = (await mergedListing(opened.layers)).map((line) => line.replace(canary, "CANARY"));
      if (expected.tree !== "any") expect(shown).toEqual(expected.tree);
    }
    expect(await work()).toEqual([]);
    expect(await fingerprint(canary)).toBe(before);
  });

  const bytes = Buffer.concat([tar({ name: "a", data: "x" }), Buffer.alloc(1 << 20)]);
  const other = Buffer.from(bytes.map((byte, at) => (at === 512 ? byte ^ 1 : byte)));

  it.each([
    ["a layer that was changed", other, {}, "digest"],
    ["a layer that is cut short", bytes.subarray(0, -512), {}, "size"],
    ["a layer that is longer", Buffer.concat([bytes, Buffer.alloc(512)]), {}, "size"],
    ["a layer that is missing", undefined, {}, "missing"],
    ["a lying diff_id", bytes, { diffId: `sha256:${"0".repeat(64)}` }, "diff_id"],
  ])("%s", async (name, content, { diffId }: { diffId?: string }, detail) => {
    const layout = await LayoutWriter.create(directory.join(name.replaceAll(" ", "-")));
    const rootfs = { type: "layers", diff_ids: [diffId ?? sha256(bytes)] };
    await layout.index(await layout.image([bytes], { config: { rootfs } }));
    const blob = layout.blobPath(sha256(bytes));
    await (content === undefined ? rm(blob) : writeFile(blob, content));
    await expect(openImage(`oci:${layout.path}`)).rejects.toMatchObject({ code: "IMAGE_INVALID", detail });
    expect(await work()).toEqual([]);
  });

  it("cannot spoil another image's tree by a lying diff_id", async () => {
    const good = tar({ name: "file", data: "good" });
    const bad = tar({ name: "file", data: "bad" });
    const layout = await LayoutWriter.create(directory.join("liar"));
    const rootfs = { type: "layers", diff_ids: [sha256(good)] };
    const manifest = { layers: [await layout.blob(bad, LAYER)] };
    await layout.index(await layout.image([good], { config: { rootfs }, manifest }));
    await expect(openImage(`oci:${layout.path}`)).rejects.toMatchObject({ detail: "diff_id" });
    expect(await mergedListing((await openImage(await layoutOf([good], "honest"))).layers)).toEqual(["file=good"]);
  });

  it("is a bomb, and bounded", async () => {
    const layer = gzipSync(tar({ name: "bomb", data: Buffer.alloc(128 << 20) }));
    const layout = await LayoutWriter.create(directory.join("bomb"));
    const manifest = { layers: [await layout.blob(layer, `${LAYER}+gzip`)] };
    await layout.index(await layout.image([layer], { manifest }));
    const source = `oci:${layout.path}`;
    await expect(openImage(source)).rejects.toMatchObject({ code: "IMAGE_LIMIT", detail: "max-ratio" });
    const limits = { bytes: 1 << 20 };
    await expect(openImage(source, { limits })).rejects.toMatchObject({ code: "IMAGE_LIMIT", detail: "max-bytes" });
    expect(await work()).toEqual([]);
  });

  it("counts entries over all layers", async () => {
    const layers = ["a", "b", "c"].map((name) => tar({ name }, { name: `${name}2` }));
    const source = await layoutOf(layers, "many");
    const opened = openImage(source, { limits: { entries: 5 } });
    await expect(opened).rejects.toMatchObject({ code: "IMAGE_LIMIT", detail: "max-entries" });
    const entries = (await openImage(source)).layers.map(async (path) => {
      return JSON.parse(await readFile(join(path, "..", "tree.json"), "utf8")).entries;
    });
    expect(await Promise.all(entries)).toEqual([2, 2, 2]);
    // What is here already counts as much.
    await expect(openImage(source, { limits: { entries: 5 } })).rejects.toMatchObject({ detail: "max-entries" });
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { images } from "../../packages/bulkhead/src/images/images.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { sha256 } from "./support/layout.js";
import { FakeRegistry, isFor } from "./support/registry/fake.js";
import { tar } from "./support/tar.js";
import { mergedListing } from "./support/unpacker.js";

const program = fileURLToPath(new URL("support/open-in-process.ts", import.meta.url));
const PROCESSES = 8;

const files = Array.from({ length: 500 }, (_, number) => ({ name: `d/${number}`, data: randomBytes(4000) }));
const big = tar(...files);
const small = tar({ name: "small", data: "x" });
const blob = `/blobs/${sha256(big)}`;

let directory: TemporaryDirectory;
let registry: FakeRegistry;
let image = "";
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await TemporaryDirectory.create("sharing");
  registry = await FakeRegistry.create();
  registry.image([big, small], "v1");
  image = `${registry.host}/team/tool:v1`;
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await registry[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function open(): ChildProcess {
  const env = { ...process.env, BULKHEAD_STORE: directory.join("store"), DOCKER_CONFIG: directory.join("docker") };
  const child = spawn(process.execPath, ["--import", "tsx", program, image], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  expect(await once(child, "close")).toEqual([0, null]);
  return output.trim();
}

async function left(): Promise<readonly string[]> {
  const names = ["downloads", "work", "turns", "pins", "condemned"];
  const all = await Promise.all(names.map((name) => readdir(directory.join("store", name)).catch(() => [])));
  return all.flat();
}

/**
 * Gives the blob so slowly that there is time to do something meanwhile: after 500 kB with so many bytes each 40 ms.
 */
function slowly(step = 50_000): void {
  registry.hook = (request, response) => {
    if (!isFor(request, blob)) return false;
    response.writeHead(200, { "content-length": big.length });
    let sent = 0;
    const timer = setInterval(() => {
      const next = sent + (sent < 500_000 ? 50_000 : step);
      response.write(big.subarray(sent, next));
      sent = next;
      if (sent < big.length) return;
      clearInterval(timer);
      response.end();
    }, 40);
    response.on("close", () => clearInterval(timer));
    return true;
  };
}

it("many processes pull one image at once: one downloads, one unpacks, all have it", { timeout: 120_000 }, async () => {
  slowly();
  const paths = await Promise.all(Array.from({ length: PROCESSES }, () => outputOf(open())));
  expect(new Set(paths).size).toBe(1);
  expect(await mergedListing((paths[0] ?? "").split(":"))).toHaveLength(files.length + 2);
  // Two that begin in the same moment may both do it.
  expect(registry.asked(blob).length).toBeLessThanOrEqual(2);
  expect(await left()).toEqual([]);
});

it("a process is killed while it pulls: no partial file is used, and the next pull resumes there", async () => {
  slowly();
  const child = open();
  await eventually("half of it is there", 30_000, async () => (await partBytes()) > 400_000);
  child.kill("SIGKILL");
  await once(child, "close");
  const had = await partBytes();
  registry.hook = () => false;
  const path = await outputOf(open());
  expect(await mergedListing(path.split(":"))).toHaveLength(files.length + 2);
  const range = registry.asked(blob).at(-1)?.range;
  expect(range).toBe(`bytes=${had}-`);
  expect(await left()).toEqual([]);
});

it("a process waits for one that is killed, and takes over", async () => {
  // The first must still be at it when the second has started, which can take a busy machine many seconds.
  slowly(1_000);
  const first = open();
  await eventually("the first downloads", 30_000, async () => (await partBytes()) > 200_000);
  const second = outputOf(open());
  await eventually(
    "the second has asked what the name means",
    30_000,
    () => registry.asked("/manifests/v1").length === 2,
  );
  registry.hook = () => false;
  first.kill("SIGKILL");
  expect(await mergedListing((await second).split(":"))).toHaveLength(files.length + 2);
  // What else the dead one had goes when the store is next opened.
  await images.list({ store: directory.join("store") });
  expect(await left()).toEqual([]);
});

it("what a dead process left half and damaged is found out, and downloaded anew", async () => {
  slowly();
  const child = open();
  await eventually("some of it is there", 30_000, async () => (await partBytes()) > 200_000);
  child.kill("SIGKILL");
  await once(child, "close");
  const [part = ""] = await readdir(directory.join("store", "downloads"));
  await writeFile(directory.join("store", "downloads", part), randomBytes(300_000));
  registry.hook = () => false;
  expect(await mergedListing((await outputOf(open())).split(":"))).toHaveLength(files.length + 2);
});

it("a sandbox of another process keeps its image; afterwards it can be removed", async () => {
  const store = directory.join("store");
  const holder = spawn(process.execPath, ["--import", "tsx", program, image, "hold"], {
    env: { ...process.env, BULKHEAD_STORE: store, DOCKER_CONFIG: directory.join("docker") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(holder);
  const [line] = (await once(holder.stdout, "data")) as [Buffer];
  const path = line.toString().trim();
  expect((await images.list({ store })).images).toMatchObject([{ inUse: true }]);
  expect(await images.remove([image], { store })).toMatchObject({ trees: 0, treesInUse: 2 });
  expect(await images.prune({ store, all: true })).toMatchObject({ trees: 0, treesInUse: 2 });
  expect((await stat(path.split(":")[0] ?? "")).isDirectory()).toBe(true);
  holder.kill("SIGKILL");
  await once(holder, "close");
  expect(await images.prune({ store })).toMatchObject({ trees: 2, treesInUse: 0 });
  expect((await images.list({ store })).usage).toEqual({ blobBytes: 0, treeBytes: 0, erofsBytes: 0, brokenBytes: 0 });
  expect(await left()).toEqual([]);
});

it("layers are shared between images, and go with the last", async () => {
  const store = directory.join("store");
  const extra = gzipSync(tar({ name: "extra", data: "x" }));
  const layers = [
    registry.blob(big, "application/vnd.oci.image.layer.v1.tar"),
    registry.blob(extra, "application/vnd.oci.image.layer.v1.tar+gzip"),
  ];
  const rootfs = { type: "layers", diff_ids: [sha256(big), sha256(tar({ name: "extra", data: "x" }))] };
  registry.image([], "v2", { config: { rootfs }, manifest: { layers } });
  const second = `${registry.host}/team/tool:v2`;
  const options = { store, registry: { dockerConfig: directory.join("docker") } };
  await images.pull(image, options);
  await images.pull(second, options);
  expect(registry.asked(blob)).toHaveLength(1);
  const before = (await images.list({ store })).usage.blobBytes;
  await images.remove([image], { store });
  const after = (await images.list({ store })).usage.blobBytes;
  expect(before - after).toBeLessThan(big.length);
  expect((await images.list({ store })).images).toMatchObject([{ fullName: second, layers: 2 }]);
  await expect(images.remove([image], { store })).rejects.toMatchObject({ code: "IMAGE_NOT_LOCAL" });
  await images.remove([second], { store });
  expect((await images.list({ store })).usage.blobBytes).toBe(0);
});

it("an image goes out as a layout and comes in again under another name", async () => {
  const store = directory.join("store");
  const { digest } = await images.pull(image, { store, registry: { dockerConfig: directory.join("docker") } });
  const layout = directory.join("out");
  await images.export(image, `oci:${layout}`, { store });
  await expect(images.export(image, `oci:${layout}`, { store })).rejects.toMatchObject({ code: "IMAGE_EXPORT_FAILED" });
  const other = { store: directory.join("other") };
  expect(await images.import(`oci:${layout}:v1`, "mine:1", other)).toEqual({ digest });
  const { trees, config } = await images.inspect("mine:1", other);
  expect(await mergedListing(trees ?? [])).toHaveLength(files.length + 2);
  expect(config.entrypoint).toEqual([]);
  expect((await readdir(directory.path)).filter((name) => name.startsWith("out"))).toEqual(["out"]);
});

it("a quota is kept", async () => {
  const options = { store: directory.join("store"), registry: { dockerConfig: directory.join("docker") } };
  process.env["BULKHEAD_STORE_QUOTA"] = "1MiB";
  try {
    await expect(images.pull(image, options)).rejects.toMatchObject({ code: "IMAGE_STORE_FULL" });
    expect(registry.asked(blob)).toEqual([]);
    // Room for the layers, but not for what is in them.
    process.env["BULKHEAD_STORE_QUOTA"] = "3MiB";
    await expect(images.pull(image, options)).rejects.toMatchObject({ code: "IMAGE_LIMIT", detail: "max-bytes" });
    process.env["BULKHEAD_STORE_QUOTA"] = "a lot";
    await expect(images.pull(image, options)).rejects.toMatchObject({ code: "IMAGE_STORE_UNAVAILABLE" });
    process.env["BULKHEAD_STORE_QUOTA"] = "20MiB";
    await images.pull(image, options);
  } finally {
    delete process.env["BULKHEAD_STORE_QUOTA"];
  }
});

async function partBytes(): Promise<number> {
  const names = await readdir(directory.join("store", "downloads")).catch(() => []);
  const part = names.find((name) => name.startsWith(sha256(big).slice("sha256:".length)));
  return part === undefined
    ? 0
    : (await stat(directory.join("store", "downloads", part)).catch(() => ({ size: 0 }))).size;
}

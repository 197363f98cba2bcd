import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run } from "bulkhead";
import { images } from "bulkhead/images";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { RemoteRegistry } from "../../packages/bulkhead/src/images/fetcher/remote.js";
import { digestOf } from "../../packages/bulkhead/src/images/reference/digest.js";
import { registrySettings } from "../../packages/bulkhead/src/images/registry/settings.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { baseLayer } from "./support/base-layer.js";
import { LayoutWriter } from "./support/layout.js";
import { FakeRegistry } from "./support/registry/fake.js";

/**
 * The processes that parse what a registry says: that it is these, that they are confined, and that they may end or
 * lie.
 */

const isRoot = process.getuid?.() === 0;
const sources = fileURLToPath(new URL("../../packages/bulkhead/src", import.meta.url));
const built = fileURLToPath(new URL("../../packages/bulkhead/dist/helpers", import.meta.url));

let directory: TemporaryDirectory;
let registry: FakeRegistry;
let image: string;
let store: string;
let stores = 0;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("helpers-of-images");
  registry = await FakeRegistry.create();
  image = `${registry.host}/team/tool:v1`;
  registry.image([baseLayer(), Buffer.alloc(10_240)], "v1");
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});
afterEach(() => {
  registry.hook = () => false;
  delete process.env["BULKHEAD_HELPERS"];
});

function freshStore(): string {
  stores += 1;
  store = directory.join(`store${stores}`);
  return store;
}

/** Processes that this one started, by what they run. */
function children(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "latin1");
      if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== process.pid) continue;
      const kind = /filename:"(\w+)\.cjs"/.exec(readFileSync(`/proc/${name}/cmdline`, "latin1"))?.[1];
      if (kind !== undefined) found.set(kind, Number(name));
    } catch {
      // It ended while it was looked at.
    }
  }
  return found;
}

/** Who has a connection to the registry, other than the registry itself. */
function connected(): readonly number[] {
  const port = Number(registry.host.split(":")[1]).toString(16).toUpperCase().padStart(4, "0");
  const rows = readFileSync("/proc/net/tcp", "latin1").split("\n").slice(1);
  const inodes = rows.map((row) => row.trim().split(/\s+/)).filter(([, , remote = ""]) => remote.endsWith(`:${port}`));
  const wanted = new Set(inodes.map((fields) => `socket:[${fields[9]}]`));
  return readdirSync("/proc")
    .filter((each) => /^\d+$/.test(each))
    .filter((pid) => {
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => wanted.has(readlinkSync(`/proc/${pid}/fd/${fd}`)));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Holds the first answer whose path has this in it, until it is let go. */
function holding(part: string): { readonly asked: Promise<ServerResponse>; letGo(): void } {
  let told: (response: ServerResponse) => void = () => undefined;
  const asked = new Promise<ServerResponse>((resolve) => {
    told = resolve;
  });
  let held: (() => void) | undefined;
  registry.hook = (request, response) => {
    if (held !== undefined || request.url?.includes(part) !== true) return false;
    held = () => registry.answer(request, response);
    told(response);
    return true;
  };
  return { asked, letGo: () => held?.() };
}

describe("a pull", () => {
  it("is parsed by processes without any right, and the connection is the fetcher's alone", async () => {
    const { asked, letGo } = holding("/blobs/");
    const pulled = images.pull(image, { store: freshStore() });
    await asked;
    const running = children();
    expect([...running.keys()].sort()).toEqual(["fetcher", "reader"]);
    expect(connected()).toEqual([running.get("fetcher")]);
    const uids = [...running.values()].map((pid) => {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      for (const field of ["CapInh", "CapPrm", "CapEff", "CapAmb"])
        expect(status).toMatch(new RegExp(`^${field}:\\s+0+$`, "m"));
      expect(status).toMatch(/^Seccomp:\s+2$/m);
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
    });
    if (isRoot) {
      expect(new Set(uids).size).toBe(2);
      for (const uid of uids) expect(uid).toBeGreaterThanOrEqual(0x7ffd_0000);
    }
    letGo();
    await pulled;
    await gone(running);
  });

  it("needs no helper once the image is here", async () => {
    await images.pull(image, { store: freshStore() });
    process.env["BULKHEAD_HELPERS"] = directory.join("none");
    process.env["BULKHEAD_STORE"] = store;
    try {
      expect(await run(["echo", "here"], { image })).toMatchObject({ exitCode: 0, stdout: "here\n" });
      await expect(images.pull(image, { store })).rejects.toMatchObject({ code: "SETUP_MISSING" });
    } finally {
      delete process.env["BULKHEAD_STORE"];
    }
  });

  it.each([
    ["fetcher", "/manifests/"],
    ["fetcher", "/blobs/"],
    ["reader", "/manifests/"],
  ])("ends with a coded error when its %s is killed at %s, and leaves nothing", async (kind, part) => {
    const { asked } = holding(part);
    const pulled = images.pull(image, { store: freshStore() });
    pulled.catch(() => undefined);
    const response = await asked;
    const running = children();
    process.kill(running.get(kind) ?? 0, "SIGKILL");
    await expect(pulled).rejects.toMatchObject({ code: "HELPER_LOST" });
    response.destroy();
    await gone(running);
    registry.hook = () => false;
    await expect(images.pull(image, { store })).resolves.toMatchObject({ name: image });
    expect(await readdir(`${store}/downloads`)).toEqual([]);
  });

  it("ends its helpers when it is aborted, and when this process is killed", async () => {
    const { asked } = holding("/blobs/");
    const abort = new AbortController();
    const pulled = images.pull(image, { store: freshStore(), signal: abort.signal });
    pulled.catch(() => undefined);
    (await asked).once("close", () => undefined);
    const running = children();
    abort.abort();
    await expect(pulled).rejects.toMatchObject({ code: "ABORTED" });
    await gone(running);
    await gone(await killedMidway());
  });
});

describe("an image in files", () => {
  it.each(["oci", "docker-archive"])("of kind %s is read by the reader", async (kind) => {
    const writer = await LayoutWriter.create(directory.join(`layout-${kind}`));
    await writer.index(await writer.image([baseLayer()]));
    const source = kind === "oci" ? `oci:${writer.path}` : `docker-archive:${directory.join("none.tar")}`;
    if (kind === "docker-archive") await writeFile(directory.join("none.tar"), Buffer.alloc(1024));
    process.env["BULKHEAD_HELPERS"] = directory.join("none");
    await expect(images.import(source, "local/tool:v1", { store: freshStore() })).rejects.toMatchObject({
      code: "SETUP_MISSING",
    });
  });
});

describe("a fetcher that a registry has taken over", () => {
  const manifest = () => registry.manifests.get("v1")?.bytes ?? new Uint8Array();

  it.each([
    [
      "gives other bytes for a blob",
      "IMAGE_INVALID",
      `async *blob(w) { yield Buffer.alloc(w.sizeBytes - w.offset, 1); }`,
    ],
    ["gives fewer bytes", "HELPER_FAILED", `async *blob(w) { yield Buffer.alloc(1); }`],
    ["gives more bytes", "HELPER_FAILED", `async *blob(w) { for (;;) yield Buffer.alloc(65536); }`],
  ])("%s: the store takes nothing of it", async (_, code, blob) => {
    await replace("fetcher", `${FALSE_FETCHER(manifest())}, ${blob} });`);
    await expect(images.pull(image, { store: freshStore() })).rejects.toMatchObject({ code });
    const kept = await readdir(`${store}/blobs/sha256`);
    const known = [...registry.manifests.values()].map(({ bytes }) => bytes.length);
    expect(kept.length).toBeLessThanOrEqual(known.length);
    expect(await readdir(`${store}/names`)).toEqual([]);
  });

  it.each([
    ["manifest", `run({ manifest: () => new Promise(() => setInterval(() => undefined, 1_000)) });`],
    [
      "blob",
      `${FALSE_FETCHER(Buffer.alloc(10))}, async *blob() { yield Buffer.alloc(1); await new Promise(() => setInterval(() => undefined, 1_000)); } });`,
    ],
  ])("says nothing more of a %s: it is ended, and the call with it", async (what, program) => {
    await replace("fetcher", program);
    const name = { registry: registry.host, repository: "team/tool", tag: "v1", digest: undefined };
    using fetcher = new RemoteRegistry(name, registrySettings(), undefined, 1_000);
    const wanted = { digest: digestOf(Buffer.alloc(10)), sizeBytes: 10 };
    const asked = what === "manifest" ? fetcher.manifest("v1") : drain(fetcher.blob(wanted, 0));
    asked.catch(() => undefined);
    const running = children();
    await expect(asked).rejects.toMatchObject({ code: "HELPER_LOST", detail: "no answer in 1 s" });
    await gone(running);
  });

  it("does not get credentials or certificates of another registry", async () => {
    await mkdir(directory.join("docker"), { recursive: true });
    const auths = { "other.example": { auth: Buffer.from("user:secret").toString("base64") } };
    await writeFile(directory.join("docker", "config.json"), JSON.stringify({ auths }));
    const certificates = directory.join("certs.d");
    await mkdir(`${certificates}/other.example`, { recursive: true });
    await writeFile(`${certificates}/other.example/a.cert`, "cert");
    await writeFile(`${certificates}/other.example/a.key`, "key");
    await replace(
      "fetcher",
      `const say = async (library) => JSON.stringify([await library.call("credentials", { registry: "other.example" }), await library.call("certificates", { host: "other.example" }), await library.call("certificates", { host: "../certs.d/other.example" })].map((each) => each.value));
       run({ manifest: async (_, library) => { throw new BulkheadError("IMAGE_NOT_FOUND", { detail: await say(library) }); } });`,
    );
    const registryOptions = { dockerConfig: directory.join("docker"), certificates: [certificates] };
    const error = await images
      .pull(image, { store: freshStore(), registry: registryOptions })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "IMAGE_NOT_FOUND" });
    const none = { authorities: [], clients: [] };
    expect(JSON.parse((error as { detail: string }).detail)).toEqual([null, none, none]);
  });
});

describe("a reader that a document has taken over", () => {
  it.each([
    ["null"],
    ['{ digest: "sha256:" + "0".repeat(64) }'],
    [
      '{ digest: D, manifest: { digest: D, mediaType: "x" }, configuration: { digest: D, sizeBytes: 1 }, layers: [], more: 1 }',
    ],
    ['{ digest: D, manifest: { digest: D, mediaType: "x" }, configuration: { digest: D, sizeBytes: 1 }, layers: [] }'],
    [
      '{ digest: D, manifest: { digest: D, mediaType: "x" }, configuration: { digest: "../../x", sizeBytes: 1 }, layers: [] }',
    ],
  ])("says %s: nothing is done with it", async (answer) => {
    await replace("reader", `const D = "sha256:" + "1".repeat(64); run({ resolve: async () => (${answer}) });`);
    await expect(images.pull(image, { store: freshStore() })).rejects.toMatchObject({ code: "HELPER_FAILED" });
    expect(await readdir(`${store}/names`)).toEqual([]);
  });

  it("asks for documents without end: it gets some", async () => {
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/manifests/large")) return false;
      response.end(Buffer.alloc(4 << 20, " "));
      return true;
    };
    await replace(
      "reader",
      `run({ resolve: async (_, library) => { for (;;) await library.call("manifest", { reference: "large" }); } });`,
    );
    await expect(images.pull(image, { store: freshStore() })).rejects.toMatchObject({ code: "HELPER_FAILED" });
    const asked = registry.asked("/manifests/large").length;
    expect(asked).toBeLessThanOrEqual(33);
    expect(asked).toBeGreaterThan(16);
  });

  it("asks for files that it has no business with: it gets none", async () => {
    const writer = await LayoutWriter.create(directory.join("layout-hostile"));
    await writer.index(await writer.image([baseLayer()]));
    for (const asked of ['"file", { name: "../canary" }', '"blob", { digest: "../../canary", sizeBytes: 1 }']) {
      await replace("reader", `run({ layout: async (_, library) => (await library.call(${asked})).value });`);
      await expect(images.import(`oci:${writer.path}`, "local/tool:v1", { store: freshStore() })).rejects.toMatchObject(
        { code: "HELPER_FAILED" },
      );
    }
  });
});

const FALSE_FETCHER = (manifest: Uint8Array) =>
  `const bytes = Buffer.from("${Buffer.from(manifest).toString("base64")}", "base64");
   run({ manifest: async () => [{ mediaType: "application/vnd.oci.image.manifest.v1+json" }, [bytes]]`;

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}

/** Puts a program of another kind in the place of one; the other is the built one. */
async function replace(kind: "fetcher" | "reader", program: string): Promise<void> {
  const at = directory.join(`helpers-${stores}`);
  await mkdir(at, { recursive: true });
  for (const each of ["fetcher", "reader"]) await copyFile(`${built}/${each}.cjs`, `${at}/${each}.cjs`);
  const contents = `
    import { serve } from "${sources}/helpers/inside.ts";
    import { BulkheadError } from "${sources}/errors/bulkhead-error.ts";
    function run(methods) {
      serve((library) => new Proxy({}, { getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }), ownKeys: () => ["open", "blobPath", ...Object.keys(methods)], get: (_, name) => async (value) => {
        if (name === "open" || name === "blobPath") return { value: null };
        const made = methods[name](value, library);
        if (Symbol.asyncIterator in made) return { value: null, body: made };
        const got = await made;
        return Array.isArray(got) ? { value: got[0], body: (async function* () { yield* got[1]; })() } : { value: got };
      } }));
    }
    ${program}`;
  await build({
    stdin: { contents, resolveDir: sources, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
    outfile: `${at}/${kind}.cjs`,
    banner: { js: "(function (require) {" },
    footer: { js: "})" },
  });
  process.env["BULKHEAD_HELPERS"] = at;
}

async function gone(running: ReadonlyMap<string, number>): Promise<void> {
  for (const pid of running.values()) {
    for (let tries = 0; isAlive(pid); tries += 1) {
      if (tries > 100) throw new Error(`${pid} is still there`);
      await sleep(20);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

/** The helpers of a process that pulled and was killed. */
async function killedMidway(): Promise<ReadonlyMap<string, number>> {
  const { asked } = holding("/blobs/");
  const program = `import { images } from "${sources}/images.ts"; await images.pull("${image}", { store: "${freshStore()}" });`;
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "inherit"],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
  });
  (await asked).once("close", () => undefined);
  const found = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === child.pid) found.set(pid, Number(pid));
    } catch {
      // It ended while it was looked at.
    }
  }
  expect(found.size).toBeGreaterThanOrEqual(2);
  child.kill("SIGKILL");
  await once(child, "exit");
  return found;
}

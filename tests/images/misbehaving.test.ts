import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenImageOptions, openImage } from "../../packages/bulkhead/src/images/open.js";
import type { RegistryTiming } from "../../packages/bulkhead/src/images/registry/settings.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { architecture, type Descriptor, INDEX, LAYER, MANIFEST, sha256 } from "./support/layout.js";
import { FakeRegistry, isFor } from "./support/registry/fake.js";
import { tar } from "./support/tar.js";
import { mergedListing } from "./support/unpacker.js";

/** As the defaults, but for tests that must not wait. */
const timing: Partial<RegistryTiming> = {
  headMs: 400,
  paceMs: 400,
  paceBytes: 4096,
  tries: 3,
  waitMs: 5,
  longestWaitMs: 40,
};

const content = randomBytes(3 * 1024 * 1024);
const layer = tar({ name: "file", data: content });
const digest = sha256(layer);

let directory: TemporaryDirectory;
let registry: FakeRegistry;
let image = "";

beforeEach(async () => {
  directory = await TemporaryDirectory.create("misbehaving");
  registry = await FakeRegistry.create();
  registry.image([layer], "v1");
  image = `${registry.host}/team/tool:v1`;
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function open(source = image, options: OpenImageOptions = {}) {
  return openImage(source, {
    store: directory.join("store"),
    ...options,
    registry: { dockerConfig: directory.join("docker"), timing, ...options.registry },
  });
}

async function left(name: "downloads" | "trees" | "work" | "turns" | "names"): Promise<readonly string[]> {
  return await readdir(directory.join("store", name)).catch(() => []);
}

/** Nothing of a pull that failed can be taken for an image. */
async function expectNoImage(): Promise<void> {
  expect([await left("trees"), await left("work"), await left("turns"), await left("names")]).toEqual([[], [], [], []]);
  await expect(open(image, { pull: "never" })).rejects.toMatchObject({ code: "IMAGE_NOT_LOCAL" });
}

async function expectRefusal(expected: object, options?: OpenImageOptions): Promise<void> {
  await expect(open(image, options)).rejects.toMatchObject(expected);
  await expectNoImage();
}

async function expectImage(): Promise<void> {
  const { layers } = await open();
  const [line] = await mergedListing(layers);
  expect(line?.startsWith("file=")).toBe(true);
  expect(await left("downloads")).toEqual([]);
}

/** Does it the first `times` that the path is asked for. */
function first(times: number, end: string, answer: (response: ServerResponse, request: IncomingMessage) => void): void {
  let count = 0;
  registry.hook = (request, response) => {
    if (!isFor(request, end) || count >= times) return false;
    count += 1;
    answer(response, request);
    return true;
  };
}

const always = Number.POSITIVE_INFINITY;
const blob = `/blobs/${digest}`;
const manifest = "/manifests/v1";

describe("a registry that is slow", () => {
  it.each([
    ["manifest", manifest],
    ["blob", blob],
  ])("hangs instead of giving a %s", async (_, path) => {
    first(always, path, () => undefined);
    await expectRefusal({ code: "REGISTRY_UNAVAILABLE", detail: "no answer" });
    expect(registry.asked(path)).toHaveLength(3);
  });

  it("hangs once", async () => {
    first(1, blob, () => undefined);
    await expectImage();
  });

  it("trickles", async () => {
    const timers: NodeJS.Timeout[] = [];
    first(always, blob, (response) => {
      response.writeHead(200, { "content-length": layer.length });
      timers.push(setInterval(() => response.write("x"), 10));
    });
    await expectRefusal({ code: "REGISTRY_UNAVAILABLE", detail: "stalled" });
    for (const timer of timers) clearInterval(timer);
  });

  it("trickles a manifest", async () => {
    first(always, manifest, (response) => void response.writeHead(200, { "content-type": MANIFEST }).write("{"));
    await expectRefusal({ code: "REGISTRY_UNAVAILABLE", detail: "stalled" });
  });

  it("is given up when its caller says so, and what came is kept for the next", async () => {
    const abort = new AbortController();
    first(1, blob, (response) => {
      response.writeHead(200, { "content-length": layer.length }).write(layer.subarray(0, 100_000));
      setTimeout(() => abort.abort(), 100);
    });
    await expectRefusal({ code: "ABORTED" }, { signal: abort.signal });
    expect(await left("downloads")).toHaveLength(1);
    await expectImage();
    expect(registry.asked(blob).at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/);
  });
});

describe("a registry that breaks off", () => {
  it("resets in the middle: the download resumes where it was", async () => {
    first(3, blob, (response, request) => {
      const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
      const part = layer.subarray(from, from + 500_000);
      response.writeHead(from === 0 ? 200 : 206, {
        "content-length": layer.length - from,
        ...(from === 0 ? {} : { "content-range": `bytes ${from}-${layer.length - 1}/${layer.length}` }),
      });
      response.write(part, () => setTimeout(() => response.destroy(), 30));
    });
    await expect(open(image, { registry: { timing: { ...timing, tries: 4 } } })).resolves.toBeDefined();
    const ranges = registry.asked(blob).map(({ range }) => range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ""))).toBe(true);
    expect(ranges).toHaveLength(4);
  });

  it("resets again and again, a byte later each time", async () => {
    first(always, blob, (response) => {
      response.writeHead(200, { "content-length": layer.length });
      response.write("x", () => response.destroy());
    });
    await expectRefusal({ code: "REGISTRY_UNAVAILABLE", detail: "ECONNRESET" });
  });

  it("ends an answer of no stated length too early", async () => {
    first(1, blob, (response) => void response.writeHead(200).end(layer.subarray(0, 1000)));
    await expectImage();
  });

  it("closes before it says anything", async () => {
    first(1, manifest, (response) => void response.destroy());
    await expectImage();
  });

  it("does not answer in HTTP", async () => {
    first(always, manifest, (response) => void response.socket?.end("SSH-2.0-OpenSSH\r\n"));
    await expectRefusal({ code: "REGISTRY_UNAVAILABLE" });
  });

  const afterHalf = (then: (response: ServerResponse, from: number) => void) => {
    let count = 0;
    registry.hook = (request, response) => {
      if (!isFor(request, blob)) return false;
      count += 1;
      if (count === 1) {
        response.writeHead(200, { "content-length": layer.length });
        response.write(layer.subarray(0, 700_000), () => setTimeout(() => response.destroy(), 30));
        return true;
      }
      const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
      if (from === 0) return false;
      then(response, from);
      return true;
    };
  };

  it("continues at another offset than requested: the store discards that part", async () => {
    afterHalf((response) => {
      response.writeHead(206, { "content-range": `bytes 5-${layer.length - 1}/${layer.length}` });
      response.end(layer.subarray(5));
    });
    await expectImage();
  });

  it("says 206 and nothing about which part", async () => {
    afterHalf((response, from) => void response.writeHead(206).end(layer.subarray(from)));
    await expectImage();
  });

  it("knows no ranges: it is read from the start", async () => {
    afterHalf((response) => void response.writeHead(200, { "content-length": layer.length }).end(layer));
    await expectImage();
  });

  it("says that there is no more", async () => {
    afterHalf((response) => void response.writeHead(416).end());
    await expectImage();
  });

  it("continues with other bytes", async () => {
    afterHalf((response, from) => {
      response.writeHead(206, { "content-range": `bytes ${from}-${layer.length - 1}/${layer.length}` });
      response.end(Buffer.alloc(layer.length - from));
    });
    await expectRefusal({ code: "IMAGE_INVALID", detail: "digest" });
    expect(await left("downloads")).toEqual([]);
  });
});

describe("a registry that refuses", () => {
  it.each([
    [404, "IMAGE_NOT_FOUND"],
    [401, "REGISTRY_DENIED"],
    [403, "REGISTRY_DENIED"],
    [400, "REGISTRY_UNAVAILABLE"],
    [418, "REGISTRY_UNAVAILABLE"],
    [204, "REGISTRY_UNAVAILABLE"],
  ])("with %i, once", async (status, code) => {
    for (const path of [manifest, blob]) {
      first(always, path, (response) => void response.writeHead(status).end());
      await expectRefusal({ code, ...(status === 401 ? {} : { detail: `HTTP ${status}` }) });
    }
    expect(registry.asked(manifest)).toHaveLength(2);
  });

  it.each([408, 429, 500, 502, 503, 504])("with %i, and is asked again", async (status) => {
    first(2, blob, (response) => void response.writeHead(status).end());
    await expectImage();
    expect(registry.asked(blob)).toHaveLength(3);
  });

  it("with 503 for ever", async () => {
    first(always, blob, (response) => void response.writeHead(503).end());
    await expectRefusal({ code: "REGISTRY_UNAVAILABLE", detail: "HTTP 503" });
    expect(registry.asked(blob)).toHaveLength(3);
  });

  it("and no server listens", async () => {
    await registry[Symbol.asyncDispose]();
    await expectRefusal({ code: "REGISTRY_UNAVAILABLE", detail: "ECONNREFUSED", errno: 111 });
    registry = await FakeRegistry.create();
  });
});

describe("a registry that lies", () => {
  const other = Buffer.from(layer.map((byte, at) => (at === 700 ? byte ^ 1 : byte)));

  it.each([
    ["other bytes", other, {}, "digest"],
    ["fewer bytes, and says so", layer.subarray(512), {}, "size"],
    ["more bytes, and says so", Buffer.concat([layer, Buffer.alloc(512)]), {}, "size"],
    [
      "more bytes, and does not say so",
      Buffer.concat([layer, Buffer.alloc(512)]),
      { "transfer-encoding": "chunked" },
      "size",
    ],
  ])("about a layer: %s", async (_, bytes, headers, detail) => {
    first(always, blob, (response) => {
      response.writeHead(200, { ...("transfer-encoding" in headers ? headers : { "content-length": bytes.length }) });
      response.end(bytes);
    });
    await expectRefusal({ code: "IMAGE_INVALID", detail });
    expect(registry.asked(blob)).toHaveLength(1);
    expect(await left("downloads")).toEqual([]);
  });

  it("about what a digest means", async () => {
    const wanted = registry.image([tar({ name: "other" })], "v2").digest;
    first(always, wanted, (response) => {
      response.writeHead(200, { "content-type": MANIFEST }).end(registry.manifests.get("v1")?.bytes);
    });
    const pinned = `${registry.host}/team/tool@${wanted}`;
    await expect(open(pinned)).rejects.toMatchObject({ code: "IMAGE_INVALID", detail: "digest" });
  });

  it("about a document's type", async () => {
    const { bytes = Buffer.alloc(0) } = registry.manifests.get("v1") ?? {};
    for (const mediaType of [INDEX, "text/html", "application/vnd.docker.distribution.manifest.v1+prettyjws"]) {
      const body = mediaType === "text/html" ? Buffer.from("<html>") : bytes;
      registry.addManifest(body, mediaType, "v1");
      await expectRefusal({ code: "IMAGE_INVALID" });
    }
  });

  it("about a compressed document", async () => {
    first(always, manifest, (response, request) => {
      expect(request.headers["accept-encoding"]).toBe("identity");
      response.writeHead(200, { "content-type": MANIFEST, "content-encoding": "gzip" }).end(randomBytes(64));
    });
    await expectRefusal({ code: "IMAGE_INVALID", detail: "not JSON" });
  });

  it.each([
    ["as long as it says", { "content-length": 5 << 20 }],
    ["without an end", {}],
  ])("with a huge manifest, %s", async (_, headers) => {
    let closed = false;
    first(always, manifest, (response) => {
      response.writeHead(200, { "content-type": MANIFEST, ...headers });
      const more = () => {
        if (!closed) response.write(Buffer.alloc(64 << 10, " "), more);
      };
      response.on("close", () => {
        closed = true;
      });
      more();
    });
    await expectRefusal({ code: "IMAGE_LIMIT" });
    expect(closed).toBe(true);
  });

  it("with too many layers", async () => {
    const one = registry.blob(tar({ name: "x" }), LAYER);
    registry.image([layer], "v1", { manifest: { layers: Array.from({ length: 501 }, () => one) } });
    await expectRefusal({ code: "IMAGE_INVALID", detail: "layers" });
  });

  it("with a layer of a terabyte: no download begins", async () => {
    registry.image([layer], "v1", { manifest: { layers: [{ mediaType: LAYER, digest, size: 2 ** 40 }] } });
    await expectRefusal({ code: "IMAGE_LIMIT", detail: "max-bytes" });
    expect(registry.asked(blob)).toEqual([]);
  });

  it("with a configuration of a gigabyte", async () => {
    const configuration = { ...registry.blob({}, "application/vnd.oci.image.config.v1+json"), size: 2 ** 30 };
    registry.image([layer], "v1", { manifest: { config: configuration } });
    await expectRefusal({ code: "IMAGE_LIMIT", detail: "configuration" });
  });

  const nested = (depth: number, entry: Descriptor): Descriptor =>
    depth === 0
      ? entry
      : nested(
          depth - 1,
          registry.addManifest({ schemaVersion: 2, manifests: [entry] }, INDEX, depth === 1 ? "v1" : undefined),
        );

  it("with indexes nested without end", async () => {
    nested(8, registry.image([layer], "v0"));
    await expectRefusal({ code: "IMAGE_INVALID", detail: "nested too deep" });
  });

  it("with an index of a thousand indexes", async () => {
    const manifests = Array.from({ length: 1000 }, (_, number) =>
      registry.addManifest({ schemaVersion: 2, manifests: [], annotations: { number: `${number}` } }, INDEX),
    );
    registry.addManifest({ schemaVersion: 2, manifests }, INDEX, "v1");
    await expectRefusal({ code: "IMAGE_INVALID", detail: "too many documents" });
    expect(registry.seen.length).toBeLessThan(100);
  });

  it("with an index that names itself, by a digest that can only be wrong", async () => {
    const body = { schemaVersion: 2, manifests: [{ mediaType: INDEX, digest: sha256("self"), size: 10 }] };
    const index = registry.addManifest(body, INDEX, "v1");
    registry.manifests.set(sha256("self"), {
      bytes: registry.manifests.get(index.digest)?.bytes ?? layer,
      mediaType: INDEX,
    });
    await expectRefusal({ code: "IMAGE_INVALID" });
  });
});

describe("an index", () => {
  it("of many platforms: the one for this machine", async () => {
    const mine = { ...registry.image([layer], "v0"), platform: { os: "linux", architecture } };
    const wrong = { ...mine, digest: sha256("wrong"), platform: { os: "linux", architecture: "mips" } };
    const attestation = { ...wrong, platform: { os: "unknown", architecture: "unknown" } };
    const list = "application/vnd.docker.distribution.manifest.list.v2+json";
    registry.addManifest({ schemaVersion: 2, mediaType: list, manifests: [attestation, wrong, mine] }, list, "v1");
    await expectImage();
    expect(registry.seen.some(({ path }) => path.endsWith(sha256("wrong")))).toBe(false);
  });

  it("of other platforms only", async () => {
    const other = { ...registry.image([layer], "v0"), platform: { os: "windows", architecture } };
    registry.addManifest({ schemaVersion: 2, manifests: [other] }, INDEX, "v1");
    await expectRefusal({ code: "IMAGE_NOT_FOUND", operation: "choose platform" });
  });

  it("that lies about the platform: no layer is downloaded", async () => {
    registry.image([layer], "v1", { config: { architecture: "mips" } });
    await expectRefusal({ code: "IMAGE_NOT_FOUND", operation: "choose platform" });
    expect(registry.asked(blob)).toEqual([]);
  });
});

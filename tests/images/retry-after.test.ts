import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import type { RegistryTiming } from "../../packages/bulkhead/src/images/registry/settings.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { sha256 } from "./support/layout.js";
import { FakeRegistry, isFor } from "./support/registry/fake.js";
import { tar } from "./support/tar.js";

/** As the defaults, but for tests that must not wait. */
const timing: Partial<RegistryTiming> = { tries: 3, waitMs: 5, longestWaitMs: 40 };
const layer = tar({ name: "file", data: "x" });
const manifest = "/manifests/v1";
const blob = `/blobs/${sha256(layer)}`;

let directory: TemporaryDirectory;
let registry: FakeRegistry;
let image = "";

beforeEach(async () => {
  directory = await TemporaryDirectory.create("retry-after");
  registry = await FakeRegistry.create();
  registry.image([layer], "v1");
  image = `${registry.host}/team/tool:v1`;
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function open(times: Partial<RegistryTiming> = timing) {
  const dockerConfig = directory.join("docker");
  return openImage(image, { store: directory.join("store"), registry: { dockerConfig, timing: times } });
}

/** Says at a path, so many times, to come back later. */
function busy(path: string, later: string, { times = Number.POSITIVE_INFINITY, status = 429 } = {}): void {
  let count = 0;
  registry.hook = (request, response) => {
    if (!isFor(request, path) || count >= times) return false;
    count += 1;
    response.writeHead(status, { "retry-after": later }).end();
    return true;
  };
}

describe("a registry that wants to be asked later", () => {
  it.each(["0", "-5", "soon", "1e9", "Thu, 01 Jan 1970 00:00:00 GMT"])(
    "now or never (%s): is asked again",
    async (later) => {
      busy(manifest, later, { times: 1 });
      await expect(open()).resolves.toBeDefined();
    },
  );

  it.each([manifest, blob, "/token"])(
    "in a year, at %s: no second request, and the error has the number",
    async (path) => {
      busy(path, "31536000");
      const { hook } = registry;
      const challenge = { "www-authenticate": `Bearer realm="${registry.origin}/token"` };
      registry.hook = (request, response) => {
        if (hook(request, response)) return true;
        if (path === "/token") response.writeHead(401, challenge).end();
        return path === "/token";
      };
      // With the times that everybody has.
      const since = performance.now();
      await expect(open({})).rejects.toMatchObject({
        code: "REGISTRY_UNAVAILABLE",
        detail: "HTTP 429, try again in 31536000 s",
      });
      expect(performance.now() - since).toBeLessThan(5_000);
      expect(registry.seen.filter((seen) => seen.path.split("?", 1)[0]?.endsWith(path))).toHaveLength(1);
    },
  );

  it.each(["Fri, 31 Dec 2099 23:59:59 GMT", "9".repeat(100), "86400"])("at %s: is not", async (later) => {
    busy(manifest, later, { status: 503 });
    const detail = expect.stringMatching(/^HTTP 503, try again in \d+ s$/);
    await expect(open()).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE", detail });
    expect(registry.asked(manifest)).toHaveLength(1);
  });

  it("in a second, again and again: is waited for, but not for ever", async () => {
    busy(manifest, "1");
    const since = performance.now();
    const asked = open({ ...timing, tries: 100, longestWaitMs: 1000 });
    await expect(asked).rejects.toMatchObject({
      code: "REGISTRY_UNAVAILABLE",
      detail: "HTTP 429, try again in 1 s",
    });
    expect(performance.now() - since).toBeGreaterThan(1_900);
    expect(registry.asked(manifest)).toHaveLength(3);
  });
});

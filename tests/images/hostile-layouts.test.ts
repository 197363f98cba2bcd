import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { fingerprint, makeCanary } from "./support/canary.js";
import { architecture, CONFIG, type Descriptor, INDEX, LAYER, LayoutWriter, MANIFEST } from "./support/layout.js";
import { tar } from "./support/tar.js";

interface HostileLayout {
  readonly name: string;
  readonly make: (layout: LayoutWriter, canary: string) => Promise<void>;
  readonly code?: string;
  readonly detail?: string;
}

const layers = [tar({ name: "a", data: "1" })];
const deepArray = "[".repeat(200_000);
const other = { os: "linux", architecture: architecture === "amd64" ? "arm64" : "amd64" };

const documents: readonly HostileLayout[] = [
  {
    name: "no index",
    make: async (layout) => await rm(join(layout.path, "index.json"), { force: true }),
    code: "IMAGE_NOT_FOUND",
  },
  { name: "an empty index", make: (layout) => layout.index(), code: "IMAGE_NOT_FOUND", detail: "empty" },
  { name: "not JSON", make: (layout) => writeFile(join(layout.path, "index.json"), "{"), detail: "not JSON" },
  {
    name: "JSON nested without end",
    make: (layout) => writeFile(join(layout.path, "index.json"), `${deepArray}`),
    detail: "not JSON",
  },
  {
    name: "a huge index",
    make: (layout) => writeFile(join(layout.path, "index.json"), Buffer.alloc(5 << 20, " ")),
    detail: "more than 4194304 bytes",
  },
  {
    name: "an index of a terabyte that takes no space",
    make: async (layout) => {
      await layout.index();
      await truncate(join(layout.path, "index.json"), 1024 ** 4);
    },
    detail: "more than 4194304 bytes",
  },
  {
    name: "an index that is a link to a secret",
    make: async (layout, canary) => {
      await rm(join(layout.path, "index.json"), { force: true });
      await symlink(join(canary, "secret"), join(layout.path, "index.json"));
    },
    detail: "symbolic link",
  },
  {
    name: "an index that is a FIFO",
    make: async (layout) => {
      execFileSync("mkfifo", [join(layout.path, "index.json")]);
    },
    detail: "not a regular file",
  },
  {
    name: "a digest that is a path",
    make: (layout) => layout.index({ mediaType: MANIFEST, digest: "sha256:../../../etc/passwd", size: 10 }),
    detail: "manifests.0.digest",
  },
  {
    name: "a digest of another algorithm",
    make: (layout) => layout.index({ mediaType: MANIFEST, digest: `md5:${"0".repeat(32)}`, size: 10 }),
    detail: "manifests.0.digest",
  },
  {
    name: "a size that is negative",
    make: async (layout) => await layout.index({ ...(await layout.image(layers)), size: -1 }),
    detail: "manifests.0.size",
  },
  {
    name: "a manifest of another size",
    make: async (layout) => await layout.index({ ...(await layout.image(layers)), size: 10 }),
    detail: "size",
  },
  {
    name: "a manifest that was changed",
    make: async (layout) => {
      const image = await layout.image(layers);
      await writeFile(layout.blobPath(image.digest), Buffer.alloc(image.size, " "));
      await layout.index(image);
    },
    detail: "digest",
  },
  {
    name: "a manifest that is missing",
    make: (layout) => layout.index({ mediaType: MANIFEST, digest: `sha256:${"0".repeat(64)}`, size: 10 }),
    detail: "missing",
  },
  {
    name: "a manifest that is a link to a secret",
    make: async (layout, canary) => {
      const digest = `sha256:${"0".repeat(64)}`;
      await symlink(join(canary, "secret"), layout.blobPath(digest));
      await layout.index({ mediaType: MANIFEST, digest, size: 13 });
    },
    detail: "symbolic link",
  },
  {
    name: "a manifest that calls itself an index",
    make: async (layout) => await layout.index(await layout.image(layers, { manifest: { mediaType: INDEX } })),
    detail: "mediaType",
  },
  {
    name: "a manifest that is an index as well",
    make: async (layout) => await layout.index(await layout.image(layers, { manifest: { manifests: [] } })),
    detail: "manifests",
  },
  {
    name: "an index that is a manifest as well",
    make: async (layout) =>
      await layout.index(await layout.blob({ schemaVersion: 2, manifests: [], layers: [] }, INDEX)),
    detail: "layers",
  },
  {
    name: "indexes nested too deep",
    make: async (layout) => {
      let entry: Descriptor = await layout.image(layers);
      for (let depth = 0; depth < 10; depth += 1) {
        entry = await layout.blob({ schemaVersion: 2, manifests: [entry] }, INDEX);
      }
      await layout.index(entry);
    },
    detail: "nested too deep",
  },
  {
    name: "an index that names one document again and again",
    make: async (layout) => {
      const empty = await layout.blob({ schemaVersion: 2, manifests: [] }, INDEX);
      await layout.index(await layout.blob({ schemaVersion: 2, manifests: [empty, empty] }, INDEX));
    },
    detail: "loop",
  },
  {
    name: "an index that names a great many",
    make: async (layout) => {
      const empty = await Promise.all(
        Array.from({ length: 80 }, (_, n) => layout.blob({ schemaVersion: 2, manifests: [], n }, INDEX)),
      );
      await layout.index(await layout.blob({ schemaVersion: 2, manifests: empty }, INDEX));
    },
    detail: "too many documents",
  },
  {
    name: "an image of another platform",
    make: async (layout) => await layout.index({ ...(await layout.image(layers)), platform: other }),
    code: "IMAGE_NOT_FOUND",
    detail: `linux/${architecture}`,
  },
  {
    name: "an image that only its configuration says is of another platform",
    make: async (layout) => await layout.index(await layout.image(layers, { config: other })),
    code: "IMAGE_NOT_FOUND",
    detail: `linux/${architecture}`,
  },
  {
    name: "fewer diff_ids than layers",
    make: async (layout) =>
      await layout.index(await layout.image(layers, { config: { rootfs: { type: "layers", diff_ids: [] } } })),
    detail: "rootfs.diff_ids",
  },
  {
    name: "a layer that is no file system",
    make: async (layout) =>
      await layout.index(
        await layout.image(layers, { manifest: { layers: [await layout.blob(Buffer.from("x"), "text/plain")] } }),
      ),
    detail: "layers.mediaType",
  },
  {
    name: "a configuration that is no configuration",
    make: async (layout) =>
      await layout.index(await layout.image(layers, { manifest: { config: await layout.blob({}, LAYER) } })),
    detail: "config.mediaType",
  },
  {
    name: "a configuration with NUL in an argument",
    make: async (layout) => await layout.index(await layout.image(layers, { config: { config: { Cmd: ["a\0b"] } } })),
    detail: "config.Cmd.0",
  },
  {
    name: "more layers than overlayfs can stack",
    make: async (layout) => {
      const many = Array.from({ length: 501 }, () => ({
        mediaType: LAYER,
        digest: `sha256:${"0".repeat(64)}`,
        size: 0,
      }));
      await layout.index(await layout.image(layers, { manifest: { layers: many } }));
    },
    detail: "layers",
  },
  {
    name: "a configuration of another size",
    make: async (layout) => {
      const config = await layout.blob({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [] } }, CONFIG);
      await layout.index(await layout.image([], { manifest: { config: { ...config, size: 1 } } }));
    },
    detail: "size",
  },
];

describe("a hostile layout is refused before anything is unpacked", () => {
  it.each(documents)("$name", async ({ make, code = "IMAGE_INVALID", detail }) => {
    await using directory = await TemporaryDirectory.create("layout");
    const [store, canary] = [directory.join("store"), directory.join("canary")];
    await makeCanary(canary);
    const layout = await LayoutWriter.create(directory.join("layout"));
    await make(layout, canary);
    const before = await fingerprint(canary);
    const error = await openImage(`oci:${layout.path}`, { store }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, ...(detail === undefined ? {} : { detail }) });
    // Its words come from the registry, never from the document: that may be a file of the caller's.
    expect(String(error)).not.toContain("do not touch");
    expect(await fingerprint(canary)).toBe(before);
    expect(existsSync(store)).toBe(false);
  });
});

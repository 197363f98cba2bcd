import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { images } from "bulkhead/images";

const execute = promisify(execFile);
const LAYER = "application/vnd.oci.image.layer.v1.tar";

/** Parts of the tree, one per layer; the first takes the rest. */
const PARTS = ["usr/share", "usr/bin", "usr/lib/python3", "var"];

/**
 * Debian's essential packages and Python, made by mmdebstrap, as an OCI layout of five layers below `directory`: about
 * 100 MB as they come over the network. Needs Debian's archive.
 */
export async function debianLayout(directory: string): Promise<string> {
  const store = join(directory, "build-store");
  await images.build("localhost/debian", { packages: ["python3"], store });
  const { layerList } = await images.inspect("localhost/debian", { store });
  const [whole] = layerList;
  if (whole === undefined) throw new Error("an image without layers");
  const tree = join(directory, "tree");
  await mkdir(tree);
  const blob = join(store, "blobs", "sha256", whole.digest.replace("sha256:", ""));
  await execute("tar", ["-C", tree, "--numeric-owner", "-xpf", blob]);
  const layout = join(directory, "layout");
  await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
  const rest = PARTS.map((part) => `--exclude=./${part}/*`);
  const layers = [await layer(layout, tree, [...rest, "."])];
  for (const part of PARTS) layers.push(await layer(layout, tree, [`./${part}`]));
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const config = await document(layout, "config", { os: "linux", architecture, rootfs });
  const manifest = await document(layout, "manifest", { schemaVersion: 2, config, layers });
  await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  return layout;
}

async function layer(layout: string, tree: string, what: readonly string[]) {
  const path = join(layout, "layer.tar");
  await execute("tar", ["-C", tree, "--numeric-owner", "--sort=name", "-cf", path, ...what]);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const hex = hash.digest("hex");
  const { size } = await stat(path);
  await rename(path, join(layout, "blobs", "sha256", hex));
  return { mediaType: LAYER, digest: `sha256:${hex}`, size };
}

async function document(layout: string, kind: "config" | "manifest", content: object) {
  const mediaType = `application/vnd.oci.image.${kind}.v1+json`;
  const bytes = Buffer.from(JSON.stringify(kind === "config" ? content : { mediaType, ...content }));
  const hex = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(layout, "blobs", "sha256", hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: (await readFile(join(layout, "blobs", "sha256", hex))).length };
}

import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";
export const CONFIG = "application/vnd.oci.image.config.v1+json";
export const LAYER = "application/vnd.oci.image.layer.v1.tar";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [more: string]: unknown;
}

/** Go's name of the processor that the tests run on. */
export const architecture = process.arch === "x64" ? "amd64" : process.arch;

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Writes OCI image layouts, right ones unless the caller wants otherwise. */
export class LayoutWriter {
  private constructor(readonly path: string) {}

  static async create(path: string): Promise<LayoutWriter> {
    await mkdir(join(path, "blobs", "sha256"), { recursive: true });
    await writeFile(join(path, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    return new LayoutWriter(path);
  }

  async blob(content: Uint8Array | object, mediaType: string): Promise<Descriptor> {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const digest = sha256(bytes);
    await writeFile(this.blobPath(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  blobPath(digest: string): string {
    return join(this.path, "blobs", "sha256", digest.replace("sha256:", ""));
  }

  async index(...manifests: readonly object[]): Promise<void> {
    await writeFile(join(this.path, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  }

  /** A whole image of these layers, plain tar each; `more` replaces fields of its manifest. */
  async image(
    layers: readonly Uint8Array[],
    { config = {}, manifest = {} }: { config?: object; manifest?: object } = {},
  ): Promise<Descriptor> {
    const rootfs = { type: "layers", diff_ids: layers.map(sha256) };
    return await this.blob(
      {
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: await this.blob({ os: "linux", architecture, rootfs, ...config }, CONFIG),
        layers: await Promise.all(layers.map((layer) => this.blob(layer, LAYER))),
        ...manifest,
      },
      MANIFEST,
    );
  }
}

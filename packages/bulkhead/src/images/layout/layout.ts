import { join } from "node:path";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { readRegular } from "../files/regular.js";
import type { ResolvedImage } from "../image.js";
import { layersOf } from "../reader/layers.js";
import { Reader } from "../reader/reader.js";
import { Blobs } from "./blobs.js";

/**
 * An image of an OCI image layout directory (image specification 1.1, `image-layout.md`), whose documents the reader reads. Throws IMAGE_NOT_FOUND if
 * there is no such layout, tag or platform, IMAGE_INVALID if a document or its digest is wrong.
 */
export async function resolveLayout(
  path: string,
  tag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ResolvedImage> {
  const blobs = new Blobs(path);
  using reader = new Reader({
    signal,
    layout: {
      file: async (name) => await readRegular(join(path, name), DOCUMENT_BYTES),
      blob: async (digest, size) => await blobs.document({ digest, size, mediaType: "" }),
    },
  });
  const { digest, manifest, configuration, config, ...found } = await reader.layout(path, tag);
  return {
    digest,
    config,
    layers: layersOf(found, (layer) => blobs.stream(layer)),
    documents: {
      manifest: { bytes: reader.document(manifest.digest), mediaType: manifest.mediaType },
      configuration: reader.document(configuration.digest),
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

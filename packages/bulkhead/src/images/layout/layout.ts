import { join } from "node:path";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { readRegular } from "../files/regular.js";
import type { ResolvedImage } from "../image.js";
import { layersOf } from "../reader/layers.js";
import { Reader } from "../reader/reader.js";
import { Blobs } from "./blobs.js";

/**
 * Opens an image in an OCI image layout directory (image specification 1.1, `image-layout.md`); the reader process
 * parses its documents. Throws IMAGE_NOT_FOUND if the layout, tag or platform does not exist, IMAGE_INVALID if a
 * document or its digest is wrong.
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

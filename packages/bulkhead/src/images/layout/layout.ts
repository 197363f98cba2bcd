import { join } from "node:path";
import * as z from "zod/mini";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { parseConfig } from "../documents/config.js";
import { invalid } from "../documents/invalid.js";
import { CONFIG_TYPES, indexSchema, LAYER_TYPE } from "../documents/oci.js";
import { parseDocument } from "../documents/parse.js";
import { requirePlatform } from "../documents/platform.js";
import { readRegular } from "../files/regular.js";
import type { ImageLayer, ResolvedImage } from "../image.js";
import { Blobs } from "./blobs.js";
import { chooseManifest, chooseTag } from "./select.js";

const markerSchema = z.object({ imageLayoutVersion: z.literal("1.0.0") });

/**
 * An image of an OCI image layout directory (image specification 1.1, `image-layout.md`). Throws IMAGE_NOT_FOUND if
 * there is no such layout, tag or platform, IMAGE_INVALID if a document or its digest is wrong.
 */
export async function resolveLayout(path: string, tag: string | undefined): Promise<ResolvedImage> {
  parseDocument(markerSchema, await readRegular(join(path, "oci-layout"), DOCUMENT_BYTES), "oci-layout");
  const index = parseDocument(indexSchema, await readRegular(join(path, "index.json"), DOCUMENT_BYTES), "index.json");
  const blobs = new Blobs(path);
  const { digest, manifest } = await chooseManifest(chooseTag(index.manifests, tag, path), (descriptor) =>
    blobs.document(descriptor),
  );
  if (!CONFIG_TYPES.has(manifest.config.mediaType)) throw invalid("read manifest", "config.mediaType");
  const { config, diffIds, ...platform } = parseConfig(await blobs.document(manifest.config));
  requirePlatform(platform);
  if (diffIds.length !== manifest.layers.length) throw invalid("read image configuration", "rootfs.diff_ids");
  const layers = manifest.layers.map((layer, number): ImageLayer => {
    const diffId = diffIds[number];
    if (diffId === undefined || !LAYER_TYPE.test(layer.mediaType)) throw invalid("read manifest", "layers.mediaType");
    return { digest: layer.digest, sizeBytes: layer.size, diffId, open: () => blobs.stream(layer.digest) };
  });
  return { digest, config, layers, [Symbol.asyncDispose]: () => Promise.resolve() };
}

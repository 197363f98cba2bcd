import { join } from "node:path";
import * as z from "zod/mini";
import { assemble } from "../documents/assemble.js";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { indexSchema } from "../documents/oci.js";
import { parseDocument } from "../documents/parse.js";
import { readRegular } from "../files/regular.js";
import type { ResolvedImage } from "../image.js";
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
  const { descriptor, manifest, bytes } = await chooseManifest(chooseTag(index.manifests, tag, path), (wanted) =>
    blobs.document(wanted),
  );
  const configuration = await blobs.document(manifest.config);
  const { config, layers } = assemble(manifest, configuration, (digest) => blobs.stream(digest));
  return {
    digest: descriptor.digest,
    config,
    layers,
    documents: { manifest: { bytes, mediaType: descriptor.mediaType }, configuration },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

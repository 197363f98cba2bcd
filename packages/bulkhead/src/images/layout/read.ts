import * as z from "zod/mini";
import { type Descriptor, indexSchema } from "../documents/oci.js";
import { parseDocument } from "../documents/parse.js";
import { chooseManifest, chooseTag } from "./select.js";

const markerSchema = z.object({ imageLayoutVersion: z.literal("1.0.0") });

/** Source of the reader's documents: each is bounded, and has the digest and size of its descriptor. */
export interface LayoutFiles {
  file(name: "oci-layout" | "index.json"): Promise<Uint8Array>;
  document(descriptor: Descriptor): Promise<Uint8Array>;
}

/** In the reader: follows a layout's documents to the image for this platform. Throws as `resolveLayout`. */
export async function readLayout(path: string, tag: string | undefined, files: LayoutFiles) {
  parseDocument(markerSchema, await files.file("oci-layout"), "oci-layout");
  const index = parseDocument(indexSchema, await files.file("index.json"), "index.json");
  const chosen = chooseTag(index.manifests, tag, path);
  const { descriptor, manifest } = await chooseManifest(chosen, (wanted) => files.document(wanted));
  return { descriptor, manifest, configuration: await files.document(manifest.config) };
}

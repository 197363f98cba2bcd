import * as z from "zod/mini";
import { type Descriptor, indexSchema } from "../documents/oci.js";
import { parseDocument } from "../documents/parse.js";
import { chooseManifest, chooseTag } from "./select.js";

const markerSchema = z.object({ imageLayoutVersion: z.literal("1.0.0") });

/** Where the reader gets them from: each is bounded, and a document has the digest and size of its descriptor. */
export interface LayoutFiles {
  file(name: "oci-layout" | "index.json"): Promise<Uint8Array>;
  document(descriptor: Descriptor): Promise<Uint8Array>;
}

/** In the reader: follows the documents of a layout to the image for this platform. Throws as `resolveLayout`. */
export async function readLayout(path: string, tag: string | undefined, files: LayoutFiles) {
  parseDocument(markerSchema, await files.file("oci-layout"), "oci-layout");
  const index = parseDocument(indexSchema, await files.file("index.json"), "index.json");
  const chosen = chooseTag(index.manifests, tag, path);
  const { descriptor, manifest } = await chooseManifest(chosen, (wanted) => files.document(wanted));
  return { descriptor, manifest, configuration: await files.document(manifest.config) };
}

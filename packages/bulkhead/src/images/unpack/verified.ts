import { createHash } from "node:crypto";
import { invalid } from "../documents/invalid.js";
import type { ImageLayer } from "../image.js";

/**
 * The bytes of a layer. The stream ends without an error only if they are the bytes that the image promised: more,
 * fewer or different ones throw IMAGE_INVALID. Its reader must not mistake a failure for the end.
 */
export async function* verified(layer: ImageLayer): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let count = 0;
  let last: Uint8Array = new Uint8Array();
  for await (const chunk of layer.open() as AsyncIterable<Uint8Array>) {
    count += chunk.length;
    if (count > layer.sizeBytes) throw invalid("read layer", "size", layer.digest);
    hash.update(chunk);
    // Held back until more arrives or the hash is known, so that a reader never has a whole layer that is wrong.
    if (last.length > 0) yield last;
    last = chunk;
  }
  if (count < layer.sizeBytes) throw invalid("read layer", "size", layer.digest);
  if (layer.digest !== `sha256:${hash.digest("hex")}`) throw invalid("read layer", "digest", layer.digest);
  if (last.length > 0) yield last;
}

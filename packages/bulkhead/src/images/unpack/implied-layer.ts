import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { ImageLayer } from "../image.js";
import { type ImplyingTree, impliedDirectories } from "./implied.js";
import { directoriesAsTar } from "./tar.js";

/**
 * The result of `impliedDirectories` as a layer that is unpacked like any other: nothing is created or chowned outside
 * a sandbox.
 */
export async function impliedLayer(trees: readonly ImplyingTree[]): Promise<ImageLayer> {
  const entries = await impliedDirectories(trees);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for (const block of directoriesAsTar(entries)) {
    hash.update(block);
    sizeBytes += block.length;
  }
  const digest = `sha256:${hash.digest("hex")}` as const;
  return { digest, sizeBytes, diffId: digest, open: () => Readable.from(directoriesAsTar(entries)) };
}

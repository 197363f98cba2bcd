import type { Readable } from "node:stream";
import type { ImageLayer } from "../image.js";
import type { Digest } from "../reference/digest.js";
import { parseConfig } from "./config.js";
import type { ImageConfig } from "./image-config.js";
import { invalid } from "./invalid.js";
import { CONFIG_TYPES, LAYER_TYPE, type Manifest } from "./oci.js";
import { requirePlatform } from "./platform.js";

/** Refuses a manifest that is not an image's: an artefact, a chart, a signature. Throws IMAGE_INVALID. */
export function requireImage({ config, layers }: Manifest): void {
  if (!CONFIG_TYPES.has(config.mediaType)) throw invalid("read manifest", "config.mediaType");
  if (!layers.every(({ mediaType }) => LAYER_TYPE.test(mediaType))) throw invalid("read manifest", "layers.mediaType");
}

/**
 * Combines a manifest with the configuration that it names. `open` reads a layer's blob. Throws IMAGE_INVALID,
 * IMAGE_NOT_FOUND for another platform.
 */
export function assemble(
  manifest: Manifest,
  configuration: Uint8Array,
  open: (digest: Digest) => Readable,
): { readonly config: ImageConfig; readonly layers: readonly ImageLayer[] } {
  requireImage(manifest);
  const { config, diffIds, ...platform } = parseConfig(configuration);
  requirePlatform(platform);
  if (diffIds.length !== manifest.layers.length) throw invalid("read image configuration", "rootfs.diff_ids");
  const layers = manifest.layers.map(({ digest, size }, number): ImageLayer => {
    const diffId = diffIds[number];
    if (diffId === undefined) throw invalid("read image configuration", "rootfs.diff_ids");
    return { digest, sizeBytes: size, diffId, open: () => open(digest) };
  });
  return { config, layers };
}

import type { Readable } from "node:stream";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ImageLayer } from "../image.js";
import type { Digest } from "../reference/digest.js";

interface Found {
  readonly layers: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
  readonly diffIds: readonly Digest[];
}

/** Layers as the manifest and the configuration name them. */
export function layersOf({ layers, diffIds }: Found, open: (digest: Digest) => Readable): readonly ImageLayer[] {
  return layers.map(({ digest, sizeBytes }, number) => {
    const diffId = diffIds[number];
    if (diffId === undefined) throw new BulkheadError("HELPER_FAILED", { operation: "read configuration" });
    return { digest, sizeBytes, diffId, open: () => open(digest) };
  });
}

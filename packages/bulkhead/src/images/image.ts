import type { Readable } from "node:stream";
import type { ImageConfig } from "./documents/image-config.js";
import type { Digest } from "./reference/digest.js";

/** One layer, not read yet. */
export interface ImageLayer {
  /** Of the bytes that `open` gives. Whoever reads them checks it. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Of the layer without compression, as the image's configuration says. */
  readonly diffId: Digest;
  open(): Readable;
}

/** An image whose documents were read and checked; its layers have not been touched. */
export interface ResolvedImage extends AsyncDisposable {
  /** Of the manifest, or of the configuration where a `docker save` archive has no manifest. */
  readonly digest: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly ImageLayer[];
  /** As they were read, byte by byte: their digests are the image's. No manifest in what `docker save` writes. */
  readonly documents: {
    readonly manifest: { readonly bytes: Uint8Array; readonly mediaType: string } | null;
    readonly configuration: Uint8Array;
  };
}

import type { Readable } from "node:stream";
import type { ImageConfig } from "./documents/image-config.js";
import type { Digest } from "./reference/digest.js";

/** One layer, not read yet. */
export interface ImageLayer {
  /** Digest of the bytes that `open` returns. The code that reads them checks it. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Digest of the uncompressed layer, according to the image's configuration. */
  readonly diffId: Digest;
  open(): Readable;
}

/** An image whose documents are read and checked; its layers are not. */
export interface ResolvedImage extends AsyncDisposable {
  /** Digest of the manifest, or of the configuration if a `docker save` archive has no manifest. */
  readonly digest: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly ImageLayer[];
  /** The exact bytes that were read: their digests are the image's. `docker save` writes no manifest. */
  readonly documents: {
    readonly manifest: { readonly bytes: Uint8Array; readonly mediaType: string } | null;
    readonly configuration: Uint8Array;
  };
}

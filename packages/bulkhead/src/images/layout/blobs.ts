import { createReadStream } from "node:fs";
import { join } from "node:path";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { invalid } from "../documents/invalid.js";
import type { Descriptor } from "../documents/oci.js";
import { openRegular, readRegular } from "../files/regular.js";
import { type Digest, digestHex, digestOf } from "../reference/digest.js";

/** The blobs of a layout. It takes digests only as `Digest`, so no document can name another path. */
export class Blobs {
  readonly #directory: string;

  constructor(layout: string) {
    this.#directory = join(layout, "blobs", "sha256");
  }

  /** A whole document, with the digest and size that its descriptor promised. Throws IMAGE_INVALID. */
  async document({ digest, size }: Descriptor): Promise<Uint8Array> {
    const path = this.#path(digest);
    if (size > DOCUMENT_BYTES) throw invalid("read blob", `more than ${DOCUMENT_BYTES} bytes`, path);
    const bytes = await readRegular(path, DOCUMENT_BYTES).catch(missing);
    if (bytes.length !== size) throw invalid("read blob", "size", path);
    if (digestOf(bytes) !== digest) throw invalid("read blob", "digest", path);
    return bytes;
  }

  /** A blob as an unchecked stream. */
  stream(digest: Digest): Readable {
    const stream = new PassThrough();
    openRegular(this.#path(digest))
      .catch(missing)
      .then(({ handle }) => pipeline(createReadStream("", { fd: handle }), stream, () => undefined))
      .catch((error: Error) => stream.destroy(error));
    return stream;
  }

  #path(digest: Digest): string {
    return join(this.#directory, digestHex(digest));
  }
}

/** The layout exists, so a missing blob makes it incomplete. */
function missing(error: unknown): never {
  if (error instanceof BulkheadError && error.code === "IMAGE_NOT_FOUND") {
    throw invalid("open blob", "missing", error.path);
  }
  throw error;
}

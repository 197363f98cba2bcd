import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { DOCUMENT_BYTES } from "../documents/bounds.js";
import { invalid } from "../documents/invalid.js";
import { openRegular, readRange } from "../files/regular.js";
import type { ResolvedImage } from "../image.js";
import { Reader } from "../reader/reader.js";
import { digestOf } from "../reference/digest.js";
import type { TarFile } from "./tar-index.js";

/**
 * Opens an image in an archive of `docker save`, `podman save` or `skopeo copy … docker-archive:`; the reader process
 * parses it. Throws IMAGE_NOT_FOUND if the file, tag or platform does not exist, IMAGE_INVALID if the archive or a
 * document is invalid.
 */
export async function resolveArchive(
  path: string,
  tag: string | undefined,
  decompress: Decompress,
  signal: AbortSignal | undefined,
): Promise<ResolvedImage> {
  const { handle, sizeBytes } = await openPlain(path, decompress);
  try {
    using reader = new Reader({ archive: handle.fd, signal });
    const found = await reader.archive({ path, tag, sizeBytes });
    const { start, sizeBytes: length } = found.configuration;
    const configuration = await readRange(handle, start, length, DOCUMENT_BYTES, path);
    return {
      digest: digestOf(configuration),
      config: found.config,
      layers: found.layers.map((layer) => ({ ...layer, open: () => section(handle, layer) })),
      documents: { manifest: null, configuration },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Opened = { readonly handle: FileHandle; readonly sizeBytes: number };

/** Decompresses a gzip or zstd stream into a file. */
export type Decompress = (input: Readable) => Promise<Opened>;

/** Magic numbers of compression formats: a file's name is only a claim. */
const MAGIC: readonly (readonly [string, string])[] = [
  ["gzip", "1f8b"],
  ["zstd", "28b52ffd"],
  ["xz", "fd377a585a00"],
  ["bzip2", "425a68"],
];

/** Opens the archive without compression. Throws IMAGE_INVALID for an unknown compression. */
async function openPlain(path: string, decompress: Decompress): Promise<Opened> {
  const opened = await openRegular(path);
  const { handle, sizeBytes } = opened;
  try {
    const start = Buffer.from(await readRange(handle, 0, Math.min(6, sizeBytes), 6, path)).toString("hex");
    const [compression] = MAGIC.find(([, magic]) => start.startsWith(magic)) ?? [];
    if (compression === undefined) return opened;
    if (compression !== "gzip" && compression !== "zstd") {
      throw invalid("read archive", `compressed with ${compression}: decompress it first`, path);
    }
    const plain = await decompress(createReadStream("", { fd: handle, start: 0, autoClose: false }));
    await handle.close();
    return plain;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Part of the archive. The handle stays open: it belongs to the image. */
function section(handle: FileHandle, { start, sizeBytes }: TarFile): Readable {
  if (sizeBytes === 0) return new PassThrough().end();
  return createReadStream("", { fd: handle, start, end: start + sizeBytes - 1, autoClose: false });
}

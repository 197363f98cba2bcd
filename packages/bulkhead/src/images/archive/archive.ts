import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { DOCUMENT_BYTES, LAYERS } from "../documents/bounds.js";
import { parseConfig } from "../documents/config.js";
import { invalid } from "../documents/invalid.js";
import { parseDocument } from "../documents/parse.js";
import { requirePlatform } from "../documents/platform.js";
import { openRegular, readRange } from "../files/regular.js";
import type { ImageLayer, ResolvedImage } from "../image.js";
import { type Digest, digestFromHex, digestOf } from "../reference/digest.js";
import { indexTar, type TarFile, type TarIndex } from "./tar-index.js";

const name = z.string().check(z.minLength(1), z.maxLength(255));
const manifestSchema = z
  .array(
    z.object({
      Config: name,
      RepoTags: z.nullish(z.array(z.string())),
      Layers: z.array(name).check(z.maxLength(LAYERS)),
    }),
  )
  .check(z.maxLength(1000));

type Entry = z.output<typeof manifestSchema>[number];

/**
 * An image of an archive as `docker save`, `podman save` or `skopeo copy … docker-archive:` write it. Throws
 * IMAGE_NOT_FOUND if there is no such file, tag or platform, IMAGE_INVALID if the archive or a document is wrong.
 */
export async function resolveArchive(
  path: string,
  tag: string | undefined,
  decompress: Decompress,
): Promise<ResolvedImage> {
  const { handle, sizeBytes } = await openPlain(path, decompress);
  try {
    const index = await indexTar(handle, sizeBytes, path);
    const read = ({ start, sizeBytes: length }: TarFile) => readRange(handle, start, length, DOCUMENT_BYTES, path);
    const entries = parseDocument(manifestSchema, await read(index.find("manifest.json")), "manifest.json");
    const entry = chooseEntry(entries, tag, path);
    const bytes = await read(index.find(entry.Config));
    const digest = digestOf(bytes);
    // The configuration's name is its digest, in every version of the format.
    if (digestInName(entry.Config) !== digest) throw invalid("read image configuration", "digest", entry.Config);
    const { config, diffIds, ...platform } = parseConfig(bytes);
    requirePlatform(platform);
    const layers = layersOf(entry, diffIds, index, handle);
    const documents = { manifest: null, configuration: bytes };
    return { digest, config, layers, documents, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Opened = { readonly handle: FileHandle; readonly sizeBytes: number };

/** Makes a file of a stream that is compressed with gzip or zstd. */
export type Decompress = (input: Readable) => Promise<Opened>;

/** What compression is told by: the name of a file is only a claim. */
const MAGIC: readonly (readonly [string, string])[] = [
  ["gzip", "1f8b"],
  ["zstd", "28b52ffd"],
  ["xz", "fd377a585a00"],
  ["bzip2", "425a68"],
];

/** The archive without compression. Throws IMAGE_INVALID for a compression that Bulkhead does not know. */
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

function layersOf(entry: Entry, diffIds: readonly Digest[], index: TarIndex, handle: FileHandle): ImageLayer[] {
  if (diffIds.length !== entry.Layers.length) throw invalid("read image configuration", "rootfs.diff_ids");
  return entry.Layers.map((layer, number) => {
    const diffId = diffIds[number];
    if (diffId === undefined) throw invalid("read image configuration", "rootfs.diff_ids");
    const file = index.find(layer);
    // Layers of the old format are not compressed, so their digest is the diffId; those of the new one are blobs with
    // their own digest as name. Either way it is one that can be checked from outside, byte by byte.
    const digest = (layer.startsWith("blobs/sha256/") ? digestInName(layer) : undefined) ?? diffId;
    return { digest, sizeBytes: file.sizeBytes, diffId, open: () => section(handle, file) };
  });
}

/** Part of the archive. The handle stays open: it is the image's. */
function section(handle: FileHandle, { start, sizeBytes }: TarFile): Readable {
  if (sizeBytes === 0) return new PassThrough().end();
  return createReadStream("", { fd: handle, start, end: start + sizeBytes - 1, autoClose: false });
}

/** `<hex>.json`, `<hex>` or `blobs/sha256/<hex>`. */
function digestInName(file: string): Digest | undefined {
  return digestFromHex(file.replace(/^blobs\/sha256\//, "").replace(/\.json$/, ""));
}

function chooseEntry(entries: readonly Entry[], tag: string | undefined, path: string): Entry {
  const found = tag === undefined ? entries : entries.filter((entry) => entry.RepoTags?.includes(tag));
  const [entry, second] = found;
  if (entry !== undefined && second === undefined) return entry;
  const known = entries.flatMap((each) => each.RepoTags ?? []).slice(0, 20);
  const detail = tag ?? (known.length === 0 ? "empty" : `choose a tag: ${known.join(", ")}`);
  throw new BulkheadError("IMAGE_NOT_FOUND", { operation: "choose tag", path, detail });
}

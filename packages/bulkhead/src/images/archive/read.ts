import * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { DOCUMENT_BYTES, LAYERS } from "../documents/bounds.js";
import { parseConfig } from "../documents/config.js";
import { invalid } from "../documents/invalid.js";
import { parseDocument } from "../documents/parse.js";
import { requirePlatform } from "../documents/platform.js";
import { type ReadsAt, readRange } from "../files/regular.js";
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

/** In the reader: finds the image's parts in the archive. Throws as `resolveArchive`. */
export async function readArchive(file: TarSource, path: string, tag: string | undefined) {
  const index = await indexTar(file, file.sizeBytes, path);
  const read = ({ start, sizeBytes }: TarFile) => readRange(file, start, sizeBytes, DOCUMENT_BYTES, path);
  const entries = parseDocument(manifestSchema, await read(index.find("manifest.json")), "manifest.json");
  const entry = chooseEntry(entries, tag, path);
  const configuration = index.find(entry.Config);
  const bytes = await read(configuration);
  // The configuration is named after its digest in every version of the format.
  if (digestInName(entry.Config) !== digestOf(bytes)) {
    throw invalid("read image configuration", "digest", entry.Config);
  }
  const { config, diffIds, ...platform } = parseConfig(bytes);
  requirePlatform(platform);
  return { configuration, config, layers: layersOf(entry, diffIds, index) };
}

export interface TarSource extends ReadsAt {
  readonly sizeBytes: number;
}

function layersOf(entry: Entry, diffIds: readonly Digest[], index: TarIndex) {
  if (diffIds.length !== entry.Layers.length) throw invalid("read image configuration", "rootfs.diff_ids");
  return entry.Layers.map((layer, number) => {
    const diffId = diffIds[number];
    if (diffId === undefined) throw invalid("read image configuration", "rootfs.diff_ids");
    const file = index.find(layer);
    // Layers of the old format are uncompressed, so their digest is the diffId; those of the new one are blobs named
    // after their own digest. Both can be checked from outside, byte by byte.
    const digest = (layer.startsWith("blobs/sha256/") ? digestInName(layer) : undefined) ?? diffId;
    return { ...file, digest, diffId };
  });
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

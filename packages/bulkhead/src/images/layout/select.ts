import { BulkheadError } from "../../errors/bulkhead-error.js";
import { INDEX_DEPTH, INDEX_DOCUMENTS } from "../documents/bounds.js";
import { invalid } from "../documents/invalid.js";
import {
  type Descriptor,
  INDEX_TYPES,
  type IndexEntry,
  indexSchema,
  MANIFEST_TYPES,
  type Manifest,
  manifestSchema,
} from "../documents/oci.js";
import { parseDocument } from "../documents/parse.js";
import { runsHere, thisArchitecture } from "../documents/platform.js";
import type { Digest } from "../reference/digest.js";

/** Annotation of the image layout specification that contains an image's tag. */
const REF_NAME = "org.opencontainers.image.ref.name";

interface ChosenManifest {
  readonly descriptor: Pick<Descriptor, "digest" | "mediaType">;
  readonly manifest: Manifest;
  /** The exact bytes of the document. */
  readonly bytes: Uint8Array;
}

export type ReadDocument = (descriptor: Descriptor) => Promise<Uint8Array>;

/** The entry of `index.json` for a tag; without a tag there must be only one. Throws IMAGE_NOT_FOUND. */
export function chooseTag(entries: readonly IndexEntry[], tag: string | undefined, path: string): IndexEntry[] {
  if (tag === undefined) {
    const names = new Set(entries.map((entry) => entry.annotations?.[REF_NAME]));
    if (names.size === 1) return [...entries];
    const detail = names.size === 0 ? "empty" : `choose a tag: ${[...names].slice(0, 20).join(", ")}`;
    throw new BulkheadError("IMAGE_NOT_FOUND", { operation: "choose tag", path, detail });
  }
  const found = entries.filter((entry) => entry.annotations?.[REF_NAME] === tag);
  if (found.length > 0) return found;
  throw new BulkheadError("IMAGE_NOT_FOUND", { operation: "choose tag", path, detail: tag });
}

/**
 * Follows indexes to the manifest for this platform, with a bounded depth and number of documents; a repeated document
 * is a loop. Throws IMAGE_NOT_FOUND if no manifest is for this platform, IMAGE_INVALID.
 */
export async function chooseManifest(entries: readonly IndexEntry[], read: ReadDocument): Promise<ChosenManifest> {
  const seen = new Set<Digest>();
  const found = await search(entries, 0);
  if (found !== undefined) return found;
  throw new BulkheadError("IMAGE_NOT_FOUND", { operation: "choose platform", detail: `linux/${thisArchitecture}` });

  async function search(level: readonly IndexEntry[], depth: number): Promise<ChosenManifest | undefined> {
    if (depth > INDEX_DEPTH) throw invalid("read index", "nested too deep");
    for (const entry of level) {
      if (!mayRunHere(entry)) continue;
      if (seen.has(entry.digest)) throw invalid("read index", "loop");
      seen.add(entry.digest);
      if (seen.size > INDEX_DOCUMENTS) throw invalid("read index", "too many documents");
      if (MANIFEST_TYPES.has(entry.mediaType)) {
        const bytes = await read(entry);
        const manifest = parseDocument(manifestSchema, bytes, "manifest");
        requireType(entry, manifest.mediaType);
        return { descriptor: entry, manifest, bytes };
      }
      if (!INDEX_TYPES.has(entry.mediaType)) continue;
      const index = parseDocument(indexSchema, await read(entry), "index");
      requireType(entry, index.mediaType);
      const below = await search(index.manifests, depth + 1);
      if (below !== undefined) return below;
    }
    return undefined;
  }
}

/** An entry without a platform may be for any; build attestations say `unknown/unknown`. */
function mayRunHere({ platform }: IndexEntry): boolean {
  return platform === undefined || platform === null || runsHere(platform);
}

/** A document whose type differs from its descriptor's can be read in two ways (CVE-2021-41190). */
function requireType(descriptor: Descriptor, mediaType: string | undefined): void {
  if (mediaType !== undefined && mediaType !== descriptor.mediaType) throw invalid("read manifest", "mediaType");
}

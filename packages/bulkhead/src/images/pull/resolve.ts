import { requireImage } from "../documents/assemble.js";
import { invalid } from "../documents/invalid.js";
import { INDEX_TYPES, MANIFEST_TYPES, type Manifest } from "../documents/oci.js";
import { chooseManifest } from "../layout/select.js";
import { type Digest, digestOf } from "../reference/digest.js";
import type { ImageName } from "../reference/name.js";
import type { Registry } from "../registry/registry.js";

/** The image that a name means in its registry, for this platform. */
export interface RemoteImage {
  /** Digest of the name: of an index, if there is one. */
  readonly digest: Digest;
  readonly manifest: { readonly digest: Digest; readonly bytes: Uint8Array; readonly mediaType: string };
  readonly parsed: Manifest;
}

/** Docker's registries answer like this for old images; it has no digests to check layers with. */
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/**
 * Follows a name to the manifest of the image for this platform, checking each document's digest and size. Throws
 * IMAGE_NOT_FOUND, IMAGE_INVALID, IMAGE_LIMIT, REGISTRY_*.
 */
export async function resolveRemote(client: Registry, name: ImageName): Promise<RemoteImage> {
  const { bytes, mediaType } = await client.manifest(name.digest ?? name.tag ?? "latest");
  const digest = digestOf(bytes);
  if (name.digest !== undefined && name.digest !== digest) throw invalid("get manifest", "digest", name.digest);
  const top = { digest, size: bytes.length, mediaType: typeOf(bytes, mediaType) };
  const found = await chooseManifest([top], async (wanted) => {
    const document = wanted.digest === digest ? bytes : (await client.manifest(wanted.digest)).bytes;
    if (document.length !== wanted.size) throw invalid("get manifest", "size", wanted.digest);
    if (digestOf(document) !== wanted.digest) throw invalid("get manifest", "digest", wanted.digest);
    return document;
  });
  requireImage(found.manifest);
  const { descriptor, manifest } = found;
  return { digest, manifest: { ...descriptor, bytes: found.bytes }, parsed: manifest };
}

/**
 * The type according to the registry; a file server that knows no such types leaves it to the document, which is then
 * checked.
 */
function typeOf(bytes: Uint8Array, mediaType: string | undefined): string {
  if (mediaType !== undefined && (MANIFEST_TYPES.has(mediaType) || INDEX_TYPES.has(mediaType))) return mediaType;
  if (mediaType !== undefined && SCHEMA_1.test(mediaType)) throw invalid("get manifest", "schema 1");
  const own = ownType(bytes);
  if (own !== undefined && (MANIFEST_TYPES.has(own) || INDEX_TYPES.has(own))) return own;
  throw invalid("get manifest", "mediaType");
}

function ownType(bytes: Uint8Array): string | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof document !== "object" || document === null || !("mediaType" in document)) return undefined;
    return typeof document.mediaType === "string" ? document.mediaType : undefined;
  } catch {
    return undefined;
  }
}

import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { TaskOptions } from "../../internal/plan.js";
import { defined } from "../../values/defined.js";
import type { ImageLayer, ResolvedImage } from "../image.js";
import { resolveFile } from "../open.js";
import { roomFor } from "../pull/room.js";
import { chainKey, treeKeys } from "../reference/chain.js";
import { type Digest, digestOf } from "../reference/digest.js";
import { formatImageName, type ImageName, parseImageName } from "../reference/name.js";
import { parseImageFile } from "../reference/source.js";
import { errnoOf, unavailable } from "../store/location.js";
import type { NameRecord } from "../store/names.js";
import { PULL } from "../store/pins.js";
import { Store } from "../store/store.js";
import { unpackInto } from "../unpack/into-store.js";
import { DEFAULT_UNPACK_LIMITS } from "../unpack/limits.js";
import { verified } from "../unpack/verified.js";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

export interface TakeInOptions extends TaskOptions {
  readonly store?: string | undefined;
}

/**
 * Imports an image from files into the store under a name, as if it had been pulled. Throws IMAGE_NAME_INVALID, and as
 * `openImage`.
 */
export async function importImage(source: string, nameText: string, options: TakeInOptions): Promise<NameRecord> {
  const name = localName(nameText, "import image");
  await using image = await resolveFile(parseImageFile(source), options);
  return await takeIn(image, name, options);
}

/** A name given on this machine and not by a registry, so it cannot have a digest. Throws IMAGE_NAME_INVALID. */
export function localName(text: string, operation: string): ImageName {
  const name = parseImageName(text);
  if (name.digest === undefined) return name;
  throw new BulkheadError("IMAGE_NAME_INVALID", { operation, path: text, detail: "digest" });
}

/** The same for an image whose documents have already been read. */
export async function takeIn(image: ResolvedImage, name: ImageName, options: TakeInOptions): Promise<NameRecord> {
  const { store: storePath, ...sandbox } = options;
  const store = await Store.open(storePath);
  using _ = await store.pins.holdFor(PULL);
  const bytes = await roomFor(store, image.layers, DEFAULT_UNPACK_LIMITS.bytes);
  const { configuration } = image.documents;
  const manifest = image.documents.manifest ?? manifestFor(image);
  const [manifestDigest, configDigest] = [digestOf(manifest.bytes), digestOf(configuration)];
  await store.blobs.put(manifestDigest, manifest.bytes);
  await store.blobs.put(configDigest, configuration);
  for (const layer of image.layers) await bring(store, layer, sandbox.signal);
  const layers = image.layers.map(({ digest, sizeBytes, diffId }) => ({ digest, sizeBytes, diffId }));
  const stored = layers.map((layer) => ({ ...layer, open: () => store.blobs.stream(layer.digest) }));
  using _pin = await store.pins.use(chainKey(layers), treeKeys(layers));
  await unpackInto(store, stored, { ...sandbox, limits: { bytes } });
  const record: NameRecord = {
    format: 1,
    name: formatImageName(name),
    digest: manifestDigest,
    manifest: { digest: manifestDigest, mediaType: manifest.mediaType, sizeBytes: manifest.bytes.length },
    configuration: { digest: configDigest, sizeBytes: configuration.length },
    layers,
    config: image.config,
    pulledAt: new Date().toISOString(),
  };
  await store.names.put(record);
  return record;
}

/** `docker save` writes no manifest: create one, the same for the same image. */
function manifestFor({ layers, documents: { configuration } }: ResolvedImage) {
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: digestOf(configuration), size: configuration.length },
    layers: layers.map(({ digest, sizeBytes, diffId }) => ({
      mediaType: digest === diffId ? LAYER : `${LAYER}+gzip`,
      digest,
      size: sizeBytes,
    })),
  };
  return { bytes: Buffer.from(JSON.stringify(document)), mediaType: MANIFEST };
}

async function bring(store: Store, layer: ImageLayer, signal: AbortSignal | undefined): Promise<void> {
  const digest: Digest = layer.digest;
  const claim = await store.blobs.claim(digest, signal);
  if (claim === undefined) return;
  try {
    await pipeline(verified(layer), createWriteStream(claim.path), defined({ signal }));
    await store.blobs.publish(claim, digest);
  } catch (error) {
    await claim.end();
    if (error instanceof BulkheadError) throw error;
    throw signal?.aborted === true
      ? new BulkheadError("ABORTED", { operation: "import image", cause: error })
      : unavailable(store.blobs.path(digest), errnoOf(error));
  }
}

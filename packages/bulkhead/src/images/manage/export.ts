import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { thisArchitecture } from "../documents/platform.js";
import { type Digest, digestHex } from "../reference/digest.js";
import { parseImageName } from "../reference/name.js";
import { parseImageFile } from "../reference/source.js";
import { errnoOf } from "../store/location.js";
import { PULL } from "../store/pins.js";
import { Store } from "../store/store.js";
import { findStored, notLocal } from "../stored.js";
import { verified } from "../unpack/verified.js";

/**
 * Writes an image of the store as an OCI image layout: `oci:DIRECTORY[:TAG]`, a directory that must not exist yet. Its
 * manifest and digests are the registry's. Throws IMAGE_NAME_INVALID, IMAGE_NOT_LOCAL, IMAGE_EXPORT_FAILED,
 * IMAGE_INVALID if a blob in the store is damaged.
 */
export async function exportImage(text: string, target: string, storePath: string | undefined): Promise<void> {
  const name = parseImageName(text);
  const { kind, path, tag = name.tag } = parseImageFile(target);
  if (kind !== "oci") throw exportFailed(target, { detail: "only oci:DIRECTORY[:TAG]" });
  const store = await Store.open(storePath);
  using _ = await store.pins.holdFor(PULL);
  const record = await findStored(store, name);
  if (record === undefined) throw notLocal(name);
  const { manifest, configuration, layers } = record;
  // Written to a temporary name first, so that an incomplete layout never has the final name.
  const made = `${path}.${process.pid}.new`;
  try {
    await mkdir(join(made, "blobs", "sha256"), { recursive: true });
    for (const { digest, sizeBytes } of [manifest, configuration, ...layers])
      await copy(store, digest, sizeBytes, made);
    await writeFile(join(made, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(made, "index.json"), JSON.stringify(indexFor(manifest, tag)));
    await rename(made, path);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error instanceof BulkheadError ? error : exportFailed(path, errnoOf(error));
  }
}

async function copy(store: Store, digest: Digest, sizeBytes: number, layout: string): Promise<void> {
  if (!(await store.blobs.has(digest))) throw exportFailed(store.blobs.path(digest), { detail: "missing blob" });
  const source = { digest, sizeBytes, diffId: digest, open: () => store.blobs.stream(digest) };
  await pipeline(verified(source), createWriteStream(join(layout, "blobs", "sha256", digestHex(digest))));
}

function indexFor(manifest: { mediaType: string; digest: Digest; sizeBytes: number }, tag: string | undefined) {
  const { mediaType, digest, sizeBytes: size } = manifest;
  const annotations = tag === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": tag } };
  const platform = { os: "linux", architecture: thisArchitecture };
  return { schemaVersion: 2, manifests: [{ mediaType, digest, size, platform, ...annotations }] };
}

function exportFailed(path: string, context: { readonly detail?: string; readonly errno?: number }): BulkheadError {
  return new BulkheadError("IMAGE_EXPORT_FAILED", { operation: "export image", path, ...context });
}

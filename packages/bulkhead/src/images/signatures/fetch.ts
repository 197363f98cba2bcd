import * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { digest as digestType } from "../documents/oci.js";
import { parseDocument } from "../documents/parse.js";
import { type Digest, digestHex, digestOf } from "../reference/digest.js";
import type { Registry } from "../registry/registry.js";
import { unlessMissing } from "../registry/registry.js";
import type { Signature } from "./signature.js";

const SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(\.v\d\.\d)?\+json(;version=\d\.\d)?$/;

/** An image has few signatures of a few kilobytes each; more would only make work for us. */
const MOST_SIGNATURES = 32;
const PAYLOAD_BYTES = 64 * 1024;
const BUNDLE_BYTES = 512 * 1024;

const descriptor = z.object({
  mediaType: z.string(),
  digest: digestType,
  annotations: z.nullish(z.record(z.string(), z.string())),
  artifactType: z.nullish(z.string()),
});
const manifestSchema = z.object({ layers: z.array(descriptor) });
const indexSchema = z.object({ manifests: z.array(descriptor) });
type Descriptor = z.output<typeof descriptor>;

/**
 * A registry's signatures of one manifest: first those at cosign's tag, then bundles that refer to it. Fetches each on
 * demand. Throws IMAGE_INVALID, IMAGE_LIMIT, SIGNATURE_INVALID if there are too many, REGISTRY_*.
 */
export async function* fetchSignatures(client: Registry, digest: Digest): AsyncGenerator<Signature> {
  yield* simpleSignatures(client, digest);
  yield* bundles(client, digest);
}

async function* simpleSignatures(client: Registry, digest: Digest): AsyncGenerator<Signature> {
  const found = await client.manifest(`${tagOf(digest)}.sig`).catch(unlessMissing);
  if (found === undefined) return;
  const { layers } = parseDocument(manifestSchema, found.bytes, "signatures");
  for (const layer of bounded(layers.filter(({ mediaType }) => mediaType === SIMPLE))) {
    const annotations = layer.annotations ?? {};
    const payload = Buffer.from(await client.document(layer.digest, PAYLOAD_BYTES)).toString("base64");
    const certificate = annotations["dev.sigstore.cosign/certificate"];
    const log = annotations["dev.sigstore.cosign/bundle"];
    const timestamp = annotations["dev.sigstore.cosign/rfc3161timestamp"];
    yield {
      kind: "simple",
      payload,
      signature: annotations["dev.cosignproject.cosign/signature"] ?? "",
      ...(isThere(certificate) ? { certificate } : {}),
      ...(isThere(log) ? { log } : {}),
      ...(isThere(timestamp) ? { timestamp } : {}),
    };
  }
}

async function* bundles(client: Registry, digest: Digest): AsyncGenerator<Signature> {
  // A registry without the referrers API keeps an index at a tag made from the digest: OCI distribution specification
  // 1.1.
  const index = (await client.referrers(digest)) ?? (await client.manifest(tagOf(digest)).catch(unlessMissing))?.bytes;
  if (index === undefined) return;
  const { manifests } = parseDocument(indexSchema, index, "referrers");
  for (const { digest: wanted } of bounded(manifests.filter(({ artifactType }) => BUNDLE.test(artifactType ?? "")))) {
    const { bytes } = await client.manifest(wanted);
    if (digestOf(bytes) !== wanted) continue;
    const { layers } = parseDocument(manifestSchema, bytes, "bundle");
    for (const layer of bounded(layers.filter(({ mediaType }) => BUNDLE.test(mediaType)))) {
      const bundle = Buffer.from(await client.document(layer.digest, BUNDLE_BYTES)).toString("utf8");
      yield { kind: "bundle", bundle };
    }
  }
}

function bounded(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  if (descriptors.length <= MOST_SIGNATURES) return descriptors;
  const detail = `more than ${MOST_SIGNATURES} signatures`;
  throw new BulkheadError("SIGNATURE_INVALID", { operation: "get signatures", detail });
}

/** A tag may not contain a colon. */
function tagOf(digest: Digest): string {
  return `sha256-${digestHex(digest)}`;
}

function isThere(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

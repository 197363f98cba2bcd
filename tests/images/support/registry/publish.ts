import { sha256 } from "../layout.js";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** Puts a blob into a repository `HOST/NAME`, and returns its descriptor. */
export async function publishBlob(repository: string, bytes: Uint8Array, mediaType: string) {
  const digest = sha256(bytes);
  const begun = await fetch(urlOf(repository, "blobs/uploads/"), { method: "POST" });
  const place = new URL(begun.headers.get("location") ?? "", urlOf(repository, ""));
  place.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream" };
  await expectCreated(await fetch(place, { method: "PUT", body: Buffer.from(bytes), headers }));
  return { mediaType, digest, size: bytes.length };
}

/** Puts a manifest of these layers at a tag, and returns its descriptor. */
export async function publishManifest(repository: string, tag: string, layers: readonly object[]) {
  const config = await publishBlob(repository, Buffer.from("{}"), "application/vnd.oci.image.config.v1+json");
  return await publish(repository, tag, MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers });
}

export async function publishIndex(repository: string, tag: string, manifests: readonly object[]) {
  return await publish(repository, tag, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
}

async function publish(repository: string, tag: string, mediaType: string, document: object) {
  const body = Buffer.from(JSON.stringify(document));
  const answer = await fetch(urlOf(repository, `manifests/${tag}`), {
    method: "PUT",
    body,
    headers: { "content-type": mediaType },
  });
  await expectCreated(answer);
  return { mediaType, digest: sha256(body), size: body.length };
}

function urlOf(repository: string, rest: string): URL {
  const slash = repository.indexOf("/");
  return new URL(`http://${repository.slice(0, slash)}/v2/${repository.slice(slash + 1)}/${rest}`);
}

async function expectCreated(answer: Response): Promise<void> {
  if (answer.status !== 201) throw new Error(`registry: HTTP ${answer.status} ${await answer.text()}`);
}

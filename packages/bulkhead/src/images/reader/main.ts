import { fstatSync, read } from "node:fs";
import { FIRST_EXTRA, serve } from "../../helpers/inside.js";
import type { Peer } from "../../helpers/peer.js";
import { readArchive } from "../archive/read.js";
import { assemble } from "../documents/assemble.js";
import { invalid } from "../documents/invalid.js";
import type { Manifest } from "../documents/oci.js";
import { readLayout } from "../layout/read.js";
import { resolveRemote } from "../pull/resolve.js";
import type { Digest } from "../reference/digest.js";
import type { Registry } from "../registry/registry.js";
import { findSignature } from "../signatures/find.js";
import {
  archiveSchema,
  configurationSchema,
  gotManifestSchema,
  gotSchema,
  layoutSchema,
  resolveSchema,
  verifySchema,
} from "./wire.js";

// The reader's whole program: it parses documents, signatures and archives from untrusted sources. It has no network: a
// registry that compromises the fetcher does not thereby control the process that judges signatures and layers.

serve((library) => {
  const registry = registryOf(library);
  let known: Manifest | undefined;
  return {
    async resolve(value) {
      const name = resolveSchema.parse(value);
      const { digest, manifest, parsed } = await resolveRemote(registry, {
        ...name,
        tag: name.tag,
        digest: name.digest,
      });
      known = parsed;
      return {
        value: { digest, manifest: { digest: manifest.digest, mediaType: manifest.mediaType }, ...partsOf(parsed) },
      };
    },
    async configuration(value) {
      const bytes = Buffer.from(configurationSchema.parse(value).bytes, "base64");
      if (known === undefined) throw invalid("read image configuration", "no manifest");
      return { value: configured(known, bytes) };
    },
    async layout(value) {
      const { path, tag } = layoutSchema.parse(value);
      const get = async (method: string, asked: unknown) => {
        const got = gotSchema.parse((await library.call(method, asked)).value);
        return Buffer.from(got ?? "", "base64");
      };
      const { descriptor, manifest, configuration } = await readLayout(path, tag, {
        file: async (name) => await get("file", { name }),
        document: async ({ digest, size }) => await get("blob", { digest, sizeBytes: size }),
      });
      return {
        value: {
          digest: descriptor.digest,
          manifest: { digest: descriptor.digest, mediaType: descriptor.mediaType },
          ...partsOf(manifest),
          ...configured(manifest, configuration),
        },
      };
    },
    async archive(value) {
      const { path, tag, sizeBytes } = archiveSchema.parse(value);
      return { value: await readArchive(archiveFile(sizeBytes), path, tag) };
    },
    async verify(value) {
      const asked = verifySchema.parse(value);
      return { value: await findSignature(asked, asked.remote ? registry : undefined) };
    },
  };
});

function partsOf({ config, layers }: Manifest) {
  const blob = ({ digest, size }: { digest: Digest; size: number }) => ({ digest, sizeBytes: size });
  return { configuration: blob(config), layers: layers.map(blob) };
}

function configured(manifest: Manifest, bytes: Uint8Array) {
  const { config, layers } = assemble(manifest, bytes, () => {
    throw invalid("read layer", "not here");
  });
  return { config, diffIds: layers.map(({ diffId }) => diffId) };
}

/** The library makes the requests for us, and checks each one. */
function registryOf(library: Peer): Registry {
  const bytesOf = (text: string) => Buffer.from(text, "base64");
  return {
    async manifest(reference) {
      const { bytes, mediaType } = gotManifestSchema.parse((await library.call("manifest", { reference })).value);
      return { bytes: bytesOf(bytes), mediaType: mediaType ?? undefined };
    },
    async referrers(digest) {
      const got = gotSchema.parse((await library.call("referrers", { digest })).value);
      return got === null ? undefined : bytesOf(got);
    },
    async document(digest, maximum) {
      return bytesOf(gotSchema.parse((await library.call("document", { digest, maximum })).value) ?? "");
    },
  };
}

function archiveFile(sizeBytes: number) {
  const stat = fstatSync(FIRST_EXTRA);
  return {
    sizeBytes: Math.min(sizeBytes, stat.size),
    read: (buffer: Uint8Array, offset: number, length: number, position: number) =>
      new Promise<{ bytesRead: number }>((resolve, reject) => {
        read(FIRST_EXTRA, buffer, offset, length, position, (error, bytesRead) =>
          error === null ? resolve({ bytesRead }) : reject(error),
        );
      }),
  };
}

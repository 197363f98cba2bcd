import * as z from "zod/mini";
import { type Digest, isDigest } from "../reference/digest.js";
import { LAYERS } from "./bounds.js";

/** Documents of the OCI image specification 1.1 and of Docker's manifest schema 2, which have the same shape. */

export const digest = z.pipe(
  z.string().check(z.refine(isDigest)),
  z.transform((text) => text as Digest),
);
const mediaType = z.string().check(z.maxLength(255));
const size = z.number().check(z.int(), z.gte(0));

const platform = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.optional(z.string()),
});

const descriptor = z.object({ mediaType, digest, size });

const indexEntry = z.extend(descriptor, {
  platform: z.nullish(platform),
  annotations: z.nullish(z.record(z.string(), z.string())),
});

/** `index.json` of a layout, and indexes that it names (Docker: manifest lists). */
export const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.optional(mediaType),
  manifests: z.array(indexEntry).check(z.maxLength(1000)),
  // Otherwise a document could be an index to one reader and a manifest to another (CVE-2021-41190).
  layers: z.optional(z.undefined()),
  config: z.optional(z.undefined()),
});

/** One image for one platform. */
export const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.optional(mediaType),
  config: descriptor,
  layers: z.array(descriptor).check(z.maxLength(LAYERS)),
  manifests: z.optional(z.undefined()),
});

export type Descriptor = z.output<typeof descriptor>;
export type IndexEntry = z.output<typeof indexEntry>;
export type Manifest = z.output<typeof manifestSchema>;
export type Platform = z.output<typeof platform>;

export const INDEX_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

export const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]);

export const CONFIG_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

/** The bytes reveal the compression; the type only has to promise a file system layer. */
export const LAYER_TYPE =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.gzip|\.zstd)?)$/;

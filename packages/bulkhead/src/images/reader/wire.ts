import * as z from "zod/mini";
import { LAYERS } from "../documents/bounds.js";
import { digest } from "../documents/oci.js";
import { signatureSchema } from "../signatures/signature.js";
import { configSchema } from "../store/names.js";

/** Messages between the library and the reader. Each checks the form of the other's. */

/** The helper's kind, which is its script's name. */
export const READER = "reader";

const count = z.number().check(z.int(), z.gte(0));
const text = z.string().check(z.maxLength(4096));
const tag = z.optional(text);
const blob = z.strictObject({ digest, sizeBytes: count });
const layers = z.array(blob).check(z.maxLength(LAYERS));
const diffIds = z.array(digest).check(z.maxLength(LAYERS));
/** Documents travel as base64, and only to the reader. */
const bytes = z.string();

// The library's requests.

export const resolveSchema = z.strictObject({ registry: text, repository: text, tag, digest: z.optional(digest) });
export const configurationSchema = z.strictObject({ bytes });
export const layoutSchema = z.strictObject({ path: text, tag });
/** The archive itself is open as the first descriptor. */
export const archiveSchema = z.strictObject({ path: text, tag, sizeBytes: count });

const given = z.strictObject({ what: text, text: z.string() });
export const signerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("keys"), keys: z.array(given) }),
  z.strictObject({ kind: z.literal("identity"), identity: z.string(), issuer: z.string(), trustedRoot: given }),
]);
export type GivenSigner = z.output<typeof signerSchema>;
export const verifySchema = z.strictObject({
  signer: signerSchema,
  repository: text,
  digests: z.array(digest),
  /** JSON as the store keeps it. */
  stored: z.array(z.strictObject({ of: digest, json: z.string() })),
  /** Whether there is a registry to ask. */
  remote: z.boolean(),
});

// The reader's answers.

const manifest = z.strictObject({ digest, mediaType: z.string().check(z.maxLength(255)) });
export const resolvedSchema = z.strictObject({ digest, manifest, configuration: blob, layers });
export const configuredSchema = z.strictObject({ config: configSchema, diffIds });
export const layoutReadSchema = z.extend(resolvedSchema, { config: configSchema, diffIds });
const section = z.strictObject({ start: count, sizeBytes: count });
export const archiveReadSchema = z.strictObject({
  configuration: section,
  config: configSchema,
  layers: z.array(z.extend(section, { digest, diffId: digest })).check(z.maxLength(LAYERS)),
});
export const verifiedSchema = z.strictObject({
  signedBy: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("key"), key: text }),
    z.strictObject({ kind: z.literal("identity"), identity: text, issuer: text }),
  ]),
  /** To keep for the next time. */
  keep: z.nullable(z.strictObject({ of: digest, signature: signatureSchema })),
});

// The reader's requests.

export const referenceSchema = z.strictObject({ reference: z.string().check(z.maxLength(256)) });
export const digestSchema = z.strictObject({ digest });
export const documentSchema = z.strictObject({ digest, maximum: count });
export const fileSchema = z.strictObject({ name: z.enum(["oci-layout", "index.json"]) });
export const blobSchema = z.strictObject({ digest, sizeBytes: count });

// Their answers.

export const gotManifestSchema = z.strictObject({ bytes, mediaType: z.nullable(z.string()) });
export const gotSchema = z.nullable(bytes);

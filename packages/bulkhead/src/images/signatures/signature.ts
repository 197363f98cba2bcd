import * as z from "zod/mini";

const text = z.string().check(z.maxLength(1024 * 1024));

/**
 * One signature of an image, untrusted until `check.ts` has checked it. Bytes are base64.
 *
 * `simple`: cosign's format at the tag `sha256-DIGEST.sig`: a document that names the image, its signature and, for a
 * signer without a key, the certificate. `bundle`: a Sigstore bundle around an in-toto statement, as cosign 3 writes.
 */
export const signatureSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("simple"),
    payload: text,
    signature: text,
    /** PEM. */
    certificate: z.optional(text),
    /** JSON: the transparency log's entry. */
    log: z.optional(text),
    /** JSON: a timestamp authority's statement. */
    timestamp: z.optional(text),
  }),
  z.strictObject({ kind: z.literal("bundle"), bundle: text }),
]);

export type Signature = z.output<typeof signatureSchema>;
export type SimpleSignature = Extract<Signature, { readonly kind: "simple" }>;

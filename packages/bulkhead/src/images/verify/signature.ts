import * as z from "zod/mini";

const text = z.string().check(z.maxLength(1024 * 1024));

/**
 * One signature of an image, as it came: a stranger's word until `check.ts` has looked at it. Bytes are base64.
 *
 * `simple`: what cosign puts at the tag `sha256-DIGEST.sig`, a document that names the image and its signature, with the certificate of whoever
 * signed without a key of their own. `bundle`: a Sigstore bundle around an in-toto statement, as cosign 3 writes.
 */
export const signatureSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("simple"),
    payload: text,
    signature: text,
    /** PEM. */
    certificate: z.optional(text),
    /** JSON: what the transparency log said. */
    log: z.optional(text),
    /** JSON: what a timestamp authority said. */
    timestamp: z.optional(text),
  }),
  z.strictObject({ kind: z.literal("bundle"), bundle: text }),
]);

export type Signature = z.output<typeof signatureSchema>;
export type SimpleSignature = Extract<Signature, { readonly kind: "simple" }>;

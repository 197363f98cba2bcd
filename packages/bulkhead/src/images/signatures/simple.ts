import { createHash, X509Certificate } from "node:crypto";
import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import * as z from "zod/mini";
import { digest } from "../documents/oci.js";
import type { SimpleSignature } from "./signature.js";

/** https://github.com/containers/image/blob/main/docs/containers-signature.5.md, as cosign fills it in. */
const payloadSchema = z.object({
  critical: z.object({
    identity: z.object({ "docker-reference": z.string() }),
    image: z.object({ "docker-manifest-digest": digest }),
    type: z.literal("cosign container image signature"),
  }),
});

const logSchema = z.object({
  SignedEntryTimestamp: z.string(),
  Payload: z.object({
    body: z.string(),
    integratedTime: z.number().check(z.int(), z.gte(0)),
    logIndex: z.number().check(z.int(), z.gte(0)),
    logID: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  }),
});
const bodySchema = z.object({ kind: z.string(), apiVersion: z.string() });
const timestampSchema = z.object({ SignedRFC3161Timestamp: z.string() });

export interface SimplePayload {
  /** As written: cosign leaves the comparison to the reader. */
  readonly reference: string;
  readonly digest: string;
}

/** The signed content. Throws for any other document. */
export function readPayload({ payload }: SimpleSignature): SimplePayload {
  const { critical } = payloadSchema.parse(JSON.parse(Buffer.from(payload, "base64").toString("utf8")));
  return { reference: critical.identity["docker-reference"], digest: critical.image["docker-manifest-digest"] };
}

/** The same signature as a bundle, the format that Sigstore's library checks. Throws as `readPayload`. */
export function bundleOf(signature: SimpleSignature): Bundle {
  const { payload, certificate } = signature;
  const hash = createHash("sha256").update(Buffer.from(payload, "base64")).digest("base64");
  const content =
    certificate === undefined
      ? { publicKey: { hint: "key" } }
      : {
          x509CertificateChain: {
            certificates: [{ rawBytes: new X509Certificate(certificate).raw.toString("base64") }],
          },
        };
  return bundleFromJSON({
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: { ...content, ...witnesses(signature) },
    messageSignature: { messageDigest: { algorithm: "SHA2_256", digest: hash }, signature: signature.signature },
  });
}

function witnesses({ log, timestamp }: SimpleSignature): object {
  const stamp = timestamp === undefined ? undefined : timestampSchema.parse(JSON.parse(timestamp));
  return {
    tlogEntries: log === undefined ? [] : [logEntry(log)],
    timestampVerificationData: {
      rfc3161Timestamps: stamp === undefined ? [] : [{ signedTimestamp: stamp.SignedRFC3161Timestamp }],
    },
  };
}

function logEntry(log: string): object {
  const { SignedEntryTimestamp, Payload } = logSchema.parse(JSON.parse(log));
  const { kind, apiVersion } = bodySchema.parse(JSON.parse(Buffer.from(Payload.body, "base64").toString("utf8")));
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, "hex").toString("base64") },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}

import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import { PolicyError, toSignedEntity, VerificationError, type Verifier } from "@sigstore/verify";
import { type ImageName, parseImageName } from "../reference/name.js";
import { pattern, repositoryOf } from "./rules.js";
import type { Signature } from "./signature.js";
import { bundleOf, readPayload } from "./simple.js";
import { readStatement } from "./statement.js";
import type { Trust } from "./trust.js";

/** What must be signed. */
export interface Subject {
  /** Digests of the name's document and of the manifest for this platform: one leads to the other, or is it. */
  readonly digests: ReadonlySet<string>;
  /** The repository that signatures must name. */
  readonly repository: string;
}

/** The signer: a key's file, or an identity. */
export type SignedBy =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "identity"; readonly identity: string; readonly issuer: string };

/** Why a signature is refused. A word for people and tests; never quotes the signature. */
export type Refusal =
  | "format"
  | "digest"
  | "repository"
  | "no such key"
  | "no certificate"
  | "signature"
  | "certificate"
  | "time"
  | "log"
  | "identity"
  | "issuer";

/**
 * Checks one untrusted signature, and returns what is wrong with it, or who signed. Sigstore's library does the
 * cryptography; this code compares, exactly, that the signature is for this image and by the signer that the rule
 * names.
 */
export function check(signature: Signature, trust: Trust, subject: Subject): SignedBy | Refusal {
  const read = readAll(signature);
  if (read === undefined) return "format";
  const { bundle, artifact, digests, reference } = read;
  if (!digests.some((digest) => subject.digests.has(digest))) return "digest";
  if (reference !== undefined && repositoryIn(reference) !== subject.repository) return "repository";
  return trust.signer.kind === "keys"
    ? byKeys(bundle, artifact, trust)
    : byIdentity(bundle, artifact, trust, trust.signer);
}

function byKeys(bundle: Bundle, artifact: Buffer | undefined, { verifiers }: Trust): SignedBy | Refusal {
  const material = bundle.verificationMaterial;
  // A signature with a certificate is by the certificate's key, which no CA vouches for here.
  if (material.content.$case !== "publicKey") return "no such key";
  // Leave out statements of logs and timestamp authorities: a key needs no time, and their keys are unknown here.
  const alone = {
    ...bundle,
    verificationMaterial: { ...material, tlogEntries: [], timestampVerificationData: undefined },
  } as Bundle;
  for (const { what, verifier } of verifiers) {
    const refused = tryVerify(verifier, alone, artifact);
    if (typeof refused !== "string") return { kind: "key", key: what };
  }
  return "signature";
}

function byIdentity(
  bundle: Bundle,
  artifact: Buffer | undefined,
  { verifiers }: Trust,
  wanted: Extract<Trust["signer"], { kind: "identity" }>,
): SignedBy | Refusal {
  if (bundle.verificationMaterial.content.$case === "publicKey") return "no certificate";
  const [only] = verifiers;
  if (only === undefined) return "certificate";
  const signer = tryVerify(only.verifier, bundle, artifact);
  if (typeof signer === "string") return signer;
  // Compared here and not by the library, which treats a name as a pattern that may match anywhere.
  const { subjectAlternativeName: identity, extensions } = signer.identity ?? {};
  const issuer = extensions?.issuer;
  if (issuer !== wanted.issuer) return "issuer";
  if (identity === undefined || !pattern(wanted.identity).test(identity)) return "identity";
  return { kind: "identity", identity, issuer };
}

function tryVerify(verifier: Verifier, bundle: Bundle, artifact: Buffer | undefined) {
  try {
    return verifier.verify(toSignedEntity(bundle, artifact));
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof PolicyError) return "identity";
  if (!(error instanceof VerificationError)) return "format";
  switch (error.code) {
    case "CERTIFICATE_ERROR":
      return "certificate";
    case "TIMESTAMP_ERROR":
      return "time";
    case "SIGNATURE_ERROR":
      return "signature";
    case "PUBLIC_KEY_ERROR":
      return "no such key";
    case "TLOG_ERROR":
    case "TLOG_BODY_ERROR":
    case "TLOG_INCLUSION_PROMISE_ERROR":
    case "TLOG_INCLUSION_PROOF_ERROR":
    case "TLOG_MISSING_INCLUSION_ERROR":
      return "log";
    case "NOT_IMPLEMENTED_ERROR":
      return "format";
  }
}

interface Read {
  readonly bundle: Bundle;
  readonly artifact: Buffer | undefined;
  readonly digests: readonly string[];
  /** The image's name in the signed document; a statement has none. */
  readonly reference: string | undefined;
}

function readAll(signature: Signature): Read | undefined {
  try {
    if (signature.kind === "bundle") {
      const bundle = bundleFromJSON(JSON.parse(signature.bundle));
      return { bundle, artifact: undefined, digests: readStatement(bundle), reference: undefined };
    }
    const { digest, reference } = readPayload(signature);
    const artifact = Buffer.from(signature.payload, "base64");
    return { bundle: bundleOf(signature), artifact, digests: [digest], reference };
  } catch {
    return undefined;
  }
}

function repositoryIn(reference: string): string | undefined {
  let name: ImageName;
  try {
    name = parseImageName(reference);
  } catch {
    return undefined;
  }
  return repositoryOf(name);
}

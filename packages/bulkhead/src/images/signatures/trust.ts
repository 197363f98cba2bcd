import { createPublicKey, type KeyObject } from "node:crypto";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { type TrustMaterial, toTrustMaterial, Verifier } from "@sigstore/verify";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { GivenSigner } from "../reader/wire.js";

/** The verifiers for a signature. */
export interface Trust {
  readonly signer: GivenSigner;
  /** One for each key; one in total for identities. `what` names the key's file. */
  readonly verifiers: readonly { readonly what: string; readonly verifier: Verifier }[];
}

/** Creates verifiers from the result of `readSigner`. Throws SIGNATURE_KEY_INVALID. */
export function trustOf(signer: GivenSigner): Trust {
  if (signer.kind === "keys") {
    const verifiers = signer.keys.map(({ what, text }) => ({ what, verifier: keyVerifier(readKey(text, what)) }));
    return { signer, verifiers };
  }
  const { what, text } = signer.trustedRoot;
  return { signer, verifiers: [{ what, verifier: rootVerifier(what, text) }] };
}

/** A key needs no CA, so neither time nor logs are checked. */
function keyVerifier(publicKey: KeyObject): Verifier {
  const nobody = { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
  const trust = toTrustMaterial(nobody, () => ({ publicKey, validFor: () => true }));
  return new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
}

/**
 * A certificate is valid for minutes, so some party must have seen the signature in that time: a trusted time is always
 * required. The logs that the root names must have recorded signature and certificate; a private root may have none.
 */
function rootVerifier(path: string, text: string): Verifier {
  const trust = readRoot(path, text);
  return new Verifier(trust, {
    tlogThreshold: trust.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: trust.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
}

function readRoot(path: string, text: string): TrustMaterial {
  try {
    const trust = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(text)));
    if (trust.certificateAuthorities.length > 0 && trust.tlogs.length + trust.timestampAuthorities.length > 0) {
      return trust;
    }
  } catch (cause) {
    throw new BulkheadError("SIGNATURE_KEY_INVALID", { operation: "read trusted root", path, cause });
  }
  const detail = "no certificate authority, or nobody who tells the time";
  throw new BulkheadError("SIGNATURE_KEY_INVALID", { operation: "read trusted root", path, detail });
}

function readKey(text: string, path: string): KeyObject {
  // `createPublicKey` also accepts a private key: tell a user who keeps one here.
  if (!/-----BEGIN (RSA )?PUBLIC KEY-----/.test(text) || text.includes("PRIVATE")) {
    throw new BulkheadError("SIGNATURE_KEY_INVALID", {
      operation: "read key",
      path,
      detail: "not a public key in PEM",
    });
  }
  const key = parseKey(text, path);
  if (key.asymmetricKeyType === "ec" || key.asymmetricKeyType === "rsa") return key;
  // Sigstore's library hashes the data it checks, which does not work for signatures of other kinds.
  throw new BulkheadError("SIGNATURE_KEY_INVALID", { operation: "read key", path, detail: "neither EC nor RSA" });
}

function parseKey(text: string, path: string): KeyObject {
  try {
    return createPublicKey(text);
  } catch (cause) {
    throw new BulkheadError("SIGNATURE_KEY_INVALID", { operation: "read key", path, cause });
  }
}

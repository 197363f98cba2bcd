import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { VerifyRule } from "../../policy/resolved.js";
import { defined } from "../../values/defined.js";
import type { Reader } from "../reader/reader.js";
import type { Digest } from "../reference/digest.js";
import { formatImageName, type ImageName, parseImageName } from "../reference/name.js";
import type { Store } from "../store/store.js";
import type { SignedBy } from "./check.js";
import { readSigner } from "./given.js";
import { repositoryOf } from "./rules.js";

export interface SignedImage {
  readonly name: ImageName;
  /** Of what the name leads to. */
  readonly digest: Digest;
  readonly manifest: Digest;
}

/**
 * Finds a signature of an image that satisfies the rule: the store's, or one in its registry, if `remote` lets the
 * reader ask there. Keeps an accepted one for the next time.
 *
 * Throws SIGNATURE_MISSING, SIGNATURE_INVALID with why in `detail`, SIGNATURE_KEY_INVALID, and as `fetchSignatures`.
 */
export async function requireSignature(
  store: Store,
  { name, digest, manifest }: SignedImage,
  { signer, repository }: VerifyRule,
  reader: Reader,
  remote: boolean,
): Promise<SignedBy> {
  const path = formatImageName(name);
  if (signer.kind === "unsigned")
    throw new BulkheadError("SIGNATURE_RULE_MISSING", { operation: "verify image", path });
  const digests = [...new Set([digest, manifest])];
  const stored = digests.flatMap((of) => {
    const json = store.signatures.find(of);
    return json === undefined ? [] : [{ of, json }];
  });
  const wanted = repositoryOf(repository === null ? name : parseImageName(repository));
  const asked = { signer: await readSigner(signer), repository: wanted, digests, stored, remote };
  const { signedBy, keep } = await reader.verify(asked).catch((error: unknown) => {
    if (!(error instanceof BulkheadError) || error.operation !== "verify image") throw error;
    const detail = defined({ detail: error.detail });
    throw new BulkheadError(error.code, { operation: "verify image", path, ...detail });
  });
  if (keep !== null) await store.signatures.put(keep.of, keep.signature);
  return signedBy;
}

import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { VerifyRule } from "../../policy/resolved.js";
import type { Digest } from "../reference/digest.js";
import { formatImageName, type ImageName, parseImageName } from "../reference/name.js";
import type { RegistryClient } from "../registry/client.js";
import type { Store } from "../store/store.js";
import type { Refusal, SignedBy, Subject } from "./check.js";
import { repositoryOf } from "./rules.js";
import type { Signature } from "./signature.js";

export interface SignedImage {
  readonly name: ImageName;
  /** Of what the name leads to. */
  readonly digest: Digest;
  readonly manifest: Digest;
}

/**
 * Finds a signature of an image that satisfies the rule: the store's, or one that its registry has, if there is a `client` to ask it with. What is
 * accepted is kept for the next time.
 *
 * Throws SIGNATURE_MISSING, SIGNATURE_INVALID with why in `detail`, SIGNATURE_KEY_INVALID, and as `fetchSignatures`.
 */
export async function requireSignature(
  store: Store,
  image: SignedImage,
  rule: VerifyRule,
  client: RegistryClient | undefined,
): Promise<SignedBy> {
  const { signer } = rule;
  const path = formatImageName(image.name);
  if (signer.kind === "unsigned")
    throw new BulkheadError("SIGNATURE_RULE_MISSING", { operation: "verify image", path });
  // Loaded late: few images must be signed, and Sigstore's library is not small.
  const { trustOf } = await import("./trust.js");
  const { check } = await import("./check.js");
  const trust = await trustOf(signer);
  const subject = subjectOf(image, rule);
  const refused = new Set<Refusal>();
  for await (const { of, signature, stored } of signatures(store, image, client)) {
    const found = check(signature, trust, subject);
    if (typeof found === "string") {
      refused.add(found);
      continue;
    }
    if (!stored) await store.signatures.put(of, signature);
    return found;
  }
  if (refused.size === 0) throw new BulkheadError("SIGNATURE_MISSING", { operation: "verify image", path });
  throw new BulkheadError("SIGNATURE_INVALID", { operation: "verify image", path, detail: [...refused].join(", ") });
}

async function* signatures(
  store: Store,
  { digest, manifest }: SignedImage,
  client: RegistryClient | undefined,
): AsyncGenerator<{ readonly of: Digest; readonly signature: Signature; readonly stored: boolean }> {
  const digests = [...new Set([digest, manifest])];
  for (const of of digests) {
    const signature = store.signatures.find(of);
    if (signature !== undefined) yield { of, signature, stored: true };
  }
  if (client === undefined) return;
  const { fetchSignatures } = await import("./fetch.js");
  for (const of of digests) {
    for await (const signature of fetchSignatures(client, of)) yield { of, signature, stored: false };
  }
}

function subjectOf({ name, digest, manifest }: SignedImage, { repository }: VerifyRule): Subject {
  const wanted = repository === null ? name : parseImageName(repository);
  return { digests: new Set([digest, manifest]), repository: repositoryOf(wanted) };
}

import { parsePolicy } from "../../policy/parse.js";
import type { VerifyRule } from "../../policy/resolved.js";
import { RemoteRegistry } from "../fetcher/remote.js";
import { Reader } from "../reader/reader.js";
import type { Digest } from "../reference/digest.js";
import { formatImageName, parseImageName } from "../reference/name.js";
import { registrySettings } from "../registry/settings.js";
import type { SignedBy } from "../signatures/check.js";
import { ruleFor } from "../signatures/rules.js";
import { requireSignature } from "../signatures/verify.js";
import { PULL } from "../store/pins.js";
import { Store } from "../store/store.js";
import { findStored } from "../stored.js";
import type { VerifyImageOptions, VerifyRules } from "./options.js";

export interface VerifiedImage {
  readonly name: string;
  readonly digest: Digest;
  /** Null: the rules accept it unsigned. */
  readonly signedBy: SignedBy | null;
}

/** Validates rules as a policy would. Throws POLICY_INVALID. */
export function rulesOf(verify: VerifyRules): readonly VerifyRule[] {
  return parsePolicy({ images: { verify } }).verify ?? [];
}

/** Who signed an image in the store or its registry. Throws as `requireSignature` and `resolveRemote`. */
export async function verifyImage(
  text: string,
  verify: VerifyRules,
  options: VerifyImageOptions,
): Promise<VerifiedImage> {
  const name = parseImageName(text);
  const rule = ruleFor(rulesOf(verify), name);
  const store = await Store.open(options.store);
  // Otherwise the signatures of an image that is not in the store would be collected.
  using _ = await store.pins.holdFor(PULL);
  using registry = new RemoteRegistry(name, registrySettings(options.registry), options.signal);
  using reader = new Reader({ registry, signal: options.signal });
  const { digest, manifest } = (await findStored(store, name)) ?? (await reader.resolve(name));
  const signedBy =
    rule === undefined
      ? null
      : await requireSignature(store, { name, digest, manifest: manifest.digest }, rule, reader, true);
  return { name: formatImageName(name), digest, signedBy };
}

import type * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { verifiedSchema, verifySchema } from "../reader/wire.js";
import type { Digest } from "../reference/digest.js";
import type { Registry } from "../registry/registry.js";
import { check, type Refusal } from "./check.js";
import { fetchSignatures } from "./fetch.js";
import { type Signature, signatureSchema } from "./signature.js";
import { trustOf } from "./trust.js";

type Asked = z.output<typeof verifySchema>;

/**
 * In the reader: the first signature that satisfies the rule, from the store's and then the registry's. Throws as
 * `requireSignature`.
 */
export async function findSignature(
  asked: Asked,
  registry: Registry | undefined,
): Promise<z.output<typeof verifiedSchema>> {
  const trust = trustOf(asked.signer);
  const subject = { digests: new Set<string>(asked.digests), repository: asked.repository };
  const refused = new Set<Refusal>();
  for await (const { of, signature, stored } of signatures(asked, registry)) {
    const found = check(signature, trust, subject);
    if (typeof found !== "string") return { signedBy: found, keep: stored ? null : { of, signature } };
    refused.add(found);
  }
  if (refused.size === 0) throw new BulkheadError("SIGNATURE_MISSING", { operation: "verify image" });
  throw new BulkheadError("SIGNATURE_INVALID", { operation: "verify image", detail: [...refused].join(", ") });
}

async function* signatures(
  { stored, digests }: Asked,
  registry: Registry | undefined,
): AsyncGenerator<{ readonly of: Digest; readonly signature: Signature; readonly stored: boolean }> {
  for (const { of, json } of stored) {
    const signature = parse(json);
    if (signature !== undefined) yield { of, signature, stored: true };
  }
  if (registry === undefined) return;
  for (const of of digests) {
    for await (const signature of fetchSignatures(registry, of)) yield { of, signature, stored: false };
  }
}

function parse(json: string): Signature | undefined {
  try {
    const parsed = signatureSchema.safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

import { readGivenFile, type Unreadable } from "../../arguments/given-file.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Signer } from "../../policy/resolved.js";
import type { GivenSigner } from "../reader/wire.js";

/** Public keys are small, and Sigstore's own trusted root has 10 KiB. */
const LARGEST = 1024 * 1024;

/**
 * Reads the keys or the trusted root of a rule: the caller's files, which the reader cannot open. Throws
 * SIGNATURE_KEY_INVALID.
 */
export async function readSigner(signer: Exclude<Signer, { kind: "unsigned" }>): Promise<GivenSigner> {
  if (signer.kind === "keys") return { kind: "keys", keys: await Promise.all(signer.keys.map(read)) };
  const { kind, identity, issuer, trustedRoot } = signer;
  return { kind, identity, issuer, trustedRoot: await read(trustedRoot) };
}

async function read(what: string): Promise<{ readonly what: string; readonly text: string }> {
  const refuse = (why: Unreadable) => new BulkheadError("SIGNATURE_KEY_INVALID", { path: what, ...why });
  return { what, text: (await readGivenFile(what, LARGEST, refuse)).toString("utf8") };
}

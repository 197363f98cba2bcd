import { createHash } from "node:crypto";

/** `sha256:` and 64 lower-case hex digits: the only digest that ever becomes a path. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether a string from a document is a digest that Bulkhead can check. */
export function isDigest(value: string): value is Digest {
  return DIGEST.test(value);
}

/** The hex part, safe as a file name. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The digest with this hex part; undefined if the text is not one. */
export function digestFromHex(hex: string): Digest | undefined {
  const digest = `sha256:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

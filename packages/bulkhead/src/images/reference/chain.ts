import { createHash } from "node:crypto";
import { type Digest, digestHex } from "./digest.js";

/** Part of every key: raised when the unpacker's rules change, so that trees of older rules are never taken for new ones. */
const RULES = "bulkhead-tree-1";

/**
 * The name of the tree that these layers make, lowest first.
 *
 * It is made of the digests of the blobs, which are checked here while they are read, and of nothing else: not of a
 * configuration's `diff_ids`, which are claims, and not of what the unpacker reports, which hostile input may have
 * taken over. So whatever an image says or does, the only trees it can spoil are those that contain its own blobs.
 */
export function chainKey(blobs: readonly Digest[]): string {
  return createHash("sha256")
    .update([RULES, ...blobs.map(digestHex)].join("\n"))
    .digest("hex");
}

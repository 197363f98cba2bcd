import { createHash } from "node:crypto";
import { type Digest, digestHex } from "./digest.js";

/** Part of every key: raised when the unpacker's rules change, so that trees of older rules are never taken for new ones. */
const RULES = "bulkhead-tree-3";

/**
 * The names of the trees that layers make, in their order: lowest first. The lowest has nothing to hide, so it makes another tree than
 * the same layer above others.
 *
 * They are made of the digests of the blobs, which are checked here while they are read, and of nothing else: not of a
 * configuration's `diff_ids`, which are claims, and not of what the unpacker reports, which hostile input may have
 * taken over. So whatever an image says or does, the only trees it can spoil are those of its own blobs.
 */
export function layerKeys(layers: readonly { readonly digest: Digest }[]): readonly string[] {
  return layers.map(({ digest }, index) => hash([index === 0 ? "lowest" : "upper", digestHex(digest)]));
}

/** The name of the tree that lies on top of those, and says of directories what their layers left out. */
export function impliedKey(layers: readonly { readonly digest: Digest }[]): string {
  return hash(["implied", ...layers.map(({ digest }) => digestHex(digest))]);
}

/** All trees that an image may have. */
export function treeKeys(layers: readonly { readonly digest: Digest }[]): readonly string[] {
  return [...layerKeys(layers), impliedKey(layers)];
}

/** The name of all of them together. */
export function chainKey(layers: readonly { readonly digest: Digest }[]): string {
  return hash(["chain", ...layers.map(({ digest }) => digestHex(digest))]);
}

function hash(parts: readonly string[]): string {
  return createHash("sha256")
    .update([RULES, ...parts].join("\n"))
    .digest("hex");
}

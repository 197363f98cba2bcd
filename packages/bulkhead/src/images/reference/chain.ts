import { createHash } from "node:crypto";
import { type Digest, digestHex } from "./digest.js";

/**
 * Part of every key: incremented when the unpacker's rules change, so that trees of older rules never pass for new
 * ones.
 */
const RULES = "bulkhead-tree-3";

/**
 * The names of the trees of an image's layers, lowest first. The lowest has nothing to hide, so its tree differs from
 * the same layer's above others.
 *
 * They are derived from the digests of the blobs, which are checked here while they are read, and from nothing else:
 * not from a configuration's `diff_ids`, which are claims, and not from the reports of the unpacker, which hostile
 * input may have compromised. So whatever an image contains or does, it can corrupt only the trees of its own blobs.
 */
export function layerKeys(layers: readonly { readonly digest: Digest }[]): readonly string[] {
  return layers.map(({ digest }, index) => hash([index === 0 ? "lowest" : "upper", digestHex(digest)]));
}

/** The name of the tree on top of those, which contains the directories that the layers imply without listing them. */
export function impliedKey(layers: readonly { readonly digest: Digest }[]): string {
  return hash(["implied", ...layers.map(({ digest }) => digestHex(digest))]);
}

/** All trees that an image may have. */
export function treeKeys(layers: readonly { readonly digest: Digest }[]): readonly string[] {
  return [...layerKeys(layers), impliedKey(layers)];
}

/** One name for all of them together. */
export function chainKey(layers: readonly { readonly digest: Digest }[]): string {
  return hash(["chain", ...layers.map(({ digest }) => digestHex(digest))]);
}

function hash(parts: readonly string[]): string {
  return createHash("sha256")
    .update([RULES, ...parts].join("\n"))
    .digest("hex");
}

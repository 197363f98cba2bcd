import type { SandboxOptions } from "../../sandbox/sandbox.js";
import type { ImageLayer } from "../image.js";
import { chainKey } from "../reference/chain.js";
import type { Store } from "../store/store.js";
import { DEFAULT_UNPACK_LIMITS, type UnpackLimits } from "./limits.js";
import { unpackLayers } from "./unpack.js";

export interface UnpackOptions extends SandboxOptions {
  readonly limits?: Partial<UnpackLimits> | undefined;
}

/**
 * The tree of these layers: the store's, or unpacked now, by one process however many ask. It is kept as long as this process lives. Throws as
 * `unpackLayers`.
 */
export async function unpackInto(
  store: Store,
  layers: readonly ImageLayer[],
  { limits, ...sandbox }: UnpackOptions,
): Promise<{ readonly key: string; readonly path: string }> {
  const key = chainKey(layers.map(({ digest }) => digest));
  await store.pins.hold(key);
  const all = { ...DEFAULT_UNPACK_LIMITS, ...limits };
  const path =
    store.find(key) ?? (await store.make(key, (root) => unpackLayers(layers, root, all, sandbox), sandbox.signal));
  return { key, path };
}

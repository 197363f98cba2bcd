import type { TaskOptions } from "../../internal/plan.js";
import { roomFor } from "../pull/room.js";
import type { ErofsImage } from "../store/erofs-image.js";
import { Store } from "../store/store.js";
import { DEFAULT_UNPACK_LIMITS } from "../unpack/limits.js";
import { buildErofs, SINGLE_AT } from "./build.js";
import { type ErofsTree, identify } from "./tree.js";

export interface ErofsOfTree extends ErofsImage {
  /** Path of the tree in it: empty, or `/file` for a tree of a single file. */
  readonly inside: string;
}

export interface ErofsOptions extends TaskOptions {
  /** The store's directory. Default: BULKHEAD_STORE, or the user's own. */
  readonly store?: string;
  /**
   * The tree never changes and is only replaced as a whole (the built-in root), so it need not be scanned each time.
   */
  readonly stable?: boolean;
  /** Owner inside of the caller's files, if ids cannot be mapped because the broker is not root. Default: root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const ROOT = { uid: 0, gid: 0 } as const;

/**
 * The EROFS image of a tree, for a virtual machine to mount: the stored one, or a new one, built by one process for all
 * that ask. It is kept as long as this process lives. The same tree gives the same bytes with the same version of
 * mkfs.erofs.
 *
 * Throws FILES_INVALID, IMAGE_LIMIT, IMAGE_STORE_FULL, IMAGE_STORE_UNAVAILABLE, EROFS_FAILED, SETUP_MISSING, and as
 * creating the sandbox that builds it does.
 */
export async function erofsOf(tree: ErofsTree, options: ErofsOptions = {}): Promise<ErofsOfTree> {
  const { store: path, stable = false, user = ROOT, ...sandbox } = options;
  const store = await Store.open(path);
  const { key, sources, single } = await identify(tree, store.path, stable, user);
  await store.pins.hold(store.erofs.pin(key));
  const image =
    (await store.erofs.find(key)) ??
    (await store.erofs.make(
      key,
      sources,
      async (directory) => {
        const bytes = await roomFor(store, [], DEFAULT_UNPACK_LIMITS.bytes);
        await buildErofs({ tree, single }, directory, { bytes, timeMs: DEFAULT_UNPACK_LIMITS.timeMs, user }, sandbox);
      },
      sandbox.signal,
    ));
  return { ...image, inside: single ? SINGLE_AT : "" };
}

import type { SandboxOptions } from "../../sandbox/sandbox.js";
import { roomFor } from "../pull/room.js";
import type { Digest } from "../reference/digest.js";
import { Store } from "../store/store.js";
import { DEFAULT_UNPACK_LIMITS } from "../unpack/limits.js";
import { buildErofs, SINGLE_AT } from "./build.js";
import { type ErofsTree, identify } from "./tree.js";

/** An EROFS image in the store: a plain file, mode 0444, that never changes. */
export interface ErofsImage {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface ErofsOfTree extends ErofsImage {
  /** Where in it the tree is: empty, or `/file` for a tree that is one file. */
  readonly inside: string;
}

export interface ErofsOptions extends SandboxOptions {
  /** The store's directory. Default: BULKHEAD_STORE, or by user. */
  readonly store?: string;
  /** The tree is never changed, only replaced as a whole (the built-in root): then nobody has to look through it each time. */
  readonly stable?: boolean;
  /** Whose, inside, the caller's own files are where ids cannot be mapped, since the broker does not run as root. Default: root's. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const ROOT = { uid: 0, gid: 0 } as const;

/**
 * The EROFS image of a tree, for a virtual machine to mount: the store's, or made now, by one process however many ask. It is kept as long as
 * this process lives. The same tree makes the same bytes with the same version of mkfs.erofs.
 *
 * Throws FILES_INVALID, IMAGE_LIMIT, IMAGE_STORE_FULL, IMAGE_STORE_UNAVAILABLE, EROFS_FAILED, SETUP_MISSING, and what
 * creating the sandbox that makes it throws.
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

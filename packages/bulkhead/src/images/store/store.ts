import { chmod, chown, lstat, mkdir, open, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../reference/digest.js";
import { errnoOf, openDirectory, storePath, unavailable } from "./location.js";
import { ownUid, TREE_OWNER } from "./owner.js";
import { isAbandoned, newToken } from "./owner-token.js";
import { removeTree } from "./remove-tree.js";

/** What is written beside a tree, for people and for later versions. */
export interface TreeRecord {
  readonly layers: readonly Digest[];
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Unpacked images, each under its chain key.
 *
 *     trees/<key>/root        the root file system
 *     trees/<key>/tree.json   its record
 *     work/<token>/…          one that is being made
 *
 * A tree appears under its key by one rename, whole and flushed to the disk, or not at all. Several processes may make
 * the same one: the first wins, and the others use that.
 */
export class Store {
  readonly #trees: string;
  readonly #work: string;

  private constructor(path: string) {
    this.#trees = join(path, "trees");
    this.#work = join(path, "work");
  }

  /** Opens the store, and removes what processes that are gone left unfinished. Throws IMAGE_STORE_UNAVAILABLE. */
  static async open(path = storePath()): Promise<Store> {
    const store = new Store(path);
    for (const directory of [path, store.#trees, store.#work]) await openDirectory(directory);
    await store.#sweep();
    return store;
  }

  /** The root of a finished tree, if there is one. */
  async find(key: string): Promise<string | undefined> {
    const root = join(this.#trees, key, "root");
    const stat = await lstat(root).catch(() => undefined);
    return stat?.isDirectory() === true ? root : undefined;
  }

  /**
   * Makes a tree: `fill` gets an empty directory that its owner can write to, and must have flushed what it wrote when it
   * resolves. Returns the root under its final name. Whatever `fill` throws is thrown, and nothing is left.
   */
  async make(key: string, fill: (root: string) => Promise<TreeRecord>): Promise<string> {
    const work = join(this.#work, newToken());
    const root = join(work, "root");
    try {
      await mkdir(work, { mode: 0o700 });
      await mkdir(root);
      // Whatever the umask is: a workload must be able to enter its root.
      await chmod(root, 0o755);
      if (ownUid() === 0) await chown(root, TREE_OWNER, TREE_OWNER);
      const record = await fill(root);
      await writeFile(join(work, "tree.json"), `${JSON.stringify(record)}\n`, { mode: 0o600, flush: true });
      await this.#publish(work, key);
    } finally {
      // After a success it has moved away; after a failure, or behind another process, it is waste.
      await removeTree(work);
    }
    return join(this.#trees, key, "root");
  }

  async #publish(work: string, key: string): Promise<void> {
    try {
      await rename(work, join(this.#trees, key));
    } catch (error) {
      // Another process was faster. Its tree is as good: both were made of the same bytes.
      if ((await this.find(key)) !== undefined) return;
      throw unavailable(this.#trees, errnoOf(error));
    }
    const directory = await open(this.#trees);
    await directory.sync().finally(() => directory.close());
  }

  async #sweep(): Promise<void> {
    const names = await readdir(this.#work);
    for (const name of names.filter(isAbandoned)) await removeTree(join(this.#work, name)).catch(() => undefined);
  }
}

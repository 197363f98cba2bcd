import { lstatSync, readdirSync } from "node:fs";
import { chmod, chown, mkdir, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../reference/digest.js";
import { BlobStore } from "./blobs.js";
import { ErofsStore } from "./erofs.js";
import { errnoOf, openDirectory, storePath, unavailable } from "./location.js";
import { NameTable } from "./names.js";
import { ownUid, TREE_OWNER } from "./owner.js";
import { isAbandoned, newToken } from "./owner-token.js";
import { Pins } from "./pins.js";
import { removeTree } from "./remove-tree.js";
import { SignatureStore } from "./signatures.js";
import { Turns } from "./turns.js";

/** What is written beside a tree, for people and for later versions. */
export interface TreeRecord {
  readonly layers: readonly Digest[];
  readonly entries: number;
  readonly bytes: number;
}

const DIRECTORIES = [
  "trees",
  "work",
  "erofs",
  "turns",
  "blobs",
  "blobs/sha256",
  "downloads",
  "names",
  "signatures",
  "pins",
  "condemned",
] as const;

/**
 * Images of one user, shared by all processes of that user.
 *
 *     trees/<key>/root        an unpacked root file system, under its chain key
 *     trees/<key>/tree.json   its record
 *     erofs/                  `ErofsStore`
 *     work/<token>/…          one that is being made, or removed
 *     turns/                  who makes which
 *     blobs/, downloads/      `BlobStore`
 *     names/                  `NameTable`
 *     signatures/             `SignatureStore`
 *     pins/, condemned/       `Pins`
 *
 * Whatever appears appears by one rename, whole and flushed to the disk, or not at all. So a process may be killed anywhere.
 */
export class Store {
  readonly path: string;
  readonly blobs: BlobStore;
  readonly names: NameTable;
  readonly pins: Pins;
  readonly erofs: ErofsStore;
  readonly signatures: SignatureStore;
  readonly #trees: string;
  readonly #work: string;
  readonly #turns: Turns;

  private constructor(path: string) {
    this.path = path;
    this.blobs = new BlobStore(path);
    this.names = new NameTable(join(path, "names"));
    this.pins = new Pins(join(path, "pins"), join(path, "condemned"));
    this.signatures = new SignatureStore(path);
    this.#trees = join(path, "trees");
    this.#work = join(path, "work");
    this.#turns = new Turns(join(path, "turns"));
    this.erofs = new ErofsStore(path, this.#turns);
  }

  /** Opens the store, and removes what processes that are gone left unfinished. Throws IMAGE_STORE_UNAVAILABLE. */
  static async open(path = storePath()): Promise<Store> {
    for (const directory of [path, ...DIRECTORIES.map((name) => join(path, name))]) openDirectory(directory);
    const store = new Store(path);
    store.pins.sweep();
    await store.#sweep();
    return store;
  }

  /** The root of a finished tree, if there is one. */
  find(key: string): string | undefined {
    const root = join(this.#trees, key, "root");
    return lstatSync(root, { throwIfNoEntry: false })?.isDirectory() === true ? root : undefined;
  }

  /**
   * Makes a tree unless it is there, or another process makes it meanwhile: `fill` gets an empty directory that its owner can write to, and must
   * have flushed what it wrote when it resolves. Returns the root under its final name. Whatever `fill` throws is thrown,
   * and nothing is left.
   */
  async make(key: string, fill: (root: string) => Promise<TreeRecord>, signal?: AbortSignal): Promise<string> {
    const turn = await this.#turns.take(key, async () => this.find(key) !== undefined, signal);
    if (turn === undefined) return join(this.#trees, key, "root");
    try {
      return await this.#make(key, fill);
    } finally {
      await turn.end();
    }
  }

  /** The keys of all trees, each with its record. */
  async trees(): Promise<ReadonlyMap<string, TreeRecord>> {
    const keys = await readdir(this.#trees);
    const records = keys.map(async (key) => [key, await this.#record(key)] as const);
    return new Map(await Promise.all(records));
  }

  /** Takes a tree's name away, and returns where it is now, to be removed: so nobody finds half of one. */
  async detachTree(key: string): Promise<string> {
    const work = join(this.#work, newToken());
    await rename(join(this.#trees, key), work);
    return work;
  }

  async #record(key: string): Promise<TreeRecord> {
    const text = await readFile(join(this.#trees, key, "tree.json"), "utf8").catch(() => "");
    try {
      return JSON.parse(text) as TreeRecord;
    } catch {
      return { layers: [], entries: 0, bytes: 0 };
    }
  }

  async #make(key: string, fill: (root: string) => Promise<TreeRecord>): Promise<string> {
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
      if (this.find(key) !== undefined) return;
      throw unavailable(this.#trees, errnoOf(error));
    }
    const directory = await open(this.#trees);
    await directory.sync().finally(() => directory.close());
  }

  async #sweep(): Promise<void> {
    const names = readdirSync(this.#work);
    for (const name of names.filter(isAbandoned)) await removeTree(join(this.#work, name)).catch(() => undefined);
  }
}

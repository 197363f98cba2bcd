import { lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { chmod, chown, type FileHandle, mkdir, open, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { boot, isAbandoned, newToken } from "../../host/owner-token.js";
import { digest } from "../documents/oci.js";
import { BlobStore } from "./blobs.js";
import { ErofsStore } from "./erofs.js";
import { errnoOf, openDirectory, storePath, unavailable } from "./location.js";
import { NameTable } from "./names.js";
import { ownUid, TREE_OWNER } from "./owner.js";
import { Pins } from "./pins.js";
import { removeTree } from "./remove-tree.js";
import { SignatureStore } from "./signatures.js";
import { ignoreMissing, WorkClaims } from "./work-claims.js";

/** Record beside a tree: the unpacker's report. Nothing in it can affect another image. */
const recordSchema = z.object({
  layer: digest,
  diffId: digest,
  entries: z.number().check(z.int(), z.gte(0)),
  /** Directories that no entry describes. */
  implied: z.number().check(z.int(), z.gte(0)),
  bytes: z.number().check(z.int(), z.gte(0)),
  hides: z.enum(["nothing", "directories", "everything"]),
});
export type TreeRecord = z.output<typeof recordSchema>;

/**
 * With the store's own note: the boot in which the tree was written, until it is certainly on disk. A tree written in
 * another boot and never confirmed may have lost data in a power failure.
 */
const storedSchema = z.extend(recordSchema, { unflushedIn: z.nullable(z.string()) });
type Stored = z.output<typeof storedSchema>;

/** One unpacked layer. */
export interface StoredTree {
  readonly record: TreeRecord;
  /** Directories for overlayfs, topmost first: its files, and the whiteouts for lower layers. */
  readonly paths: readonly string[];
}

/** Directories in which a tree is built. */
export interface TreeDirectories {
  readonly root: string;
  readonly hidden: string;
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
 * - `trees/<key>/root`: an unpacked layer; `trees/<key>/hidden`: whiteouts of directories that the layer itself has, if
 *   any; `trees/<key>/tree.json`: its record
 * - `work/<token>/…`: a tree that is being made or removed
 * - `turns/`: `WorkClaims` on trees; `erofs/`: `ErofsStore`; `blobs/`, `downloads/`: `BlobStore`; `names/`: `NameTable`
 * - `signatures/`: `SignatureStore`; `pins/`, `condemned/`: `Pins` and deletions
 *
 * Older versions use the same store, so directory names stay. Each entry appears by one rename, complete, or not at
 * all, so a process may be killed at any time. Blobs and names are flushed to the disk first. The trees of an image may
 * be flushed later, all at once, and until then count only in the same boot.
 */
export class Store {
  readonly path: string;
  /** As it was opened: `path` may contain links. */
  readonly #name: string;
  readonly blobs: BlobStore;
  readonly names: NameTable;
  readonly pins: Pins;
  readonly erofs: ErofsStore;
  readonly signatures: SignatureStore;
  readonly #trees: string;
  readonly #work: string;
  readonly #claims: WorkClaims;
  readonly #known = new Map<string, Stored>();

  private constructor(name: string) {
    // A plan names canonical paths, because the broker follows no links.
    const path = realpathSync(name);
    this.path = path;
    this.#name = name;
    this.blobs = new BlobStore(path);
    this.names = new NameTable(join(path, "names"));
    this.pins = new Pins(join(path, "pins"), join(path, "condemned"));
    this.signatures = new SignatureStore(path);
    this.#trees = join(path, "trees");
    this.#work = join(path, "work");
    this.#claims = new WorkClaims(join(path, "turns"));
    this.erofs = new ErofsStore(path, this.#claims);
  }

  /** Opens the store, and removes unfinished work of dead processes. Throws IMAGE_STORE_UNAVAILABLE. */
  static async open(path = storePath()): Promise<Store> {
    for (const directory of [path, ...DIRECTORIES.map((name) => join(path, name))]) openDirectory(directory);
    const store = new Store(path);
    store.pins.sweep();
    await store.#sweep();
    return store;
  }

  /** Whether `open` would open this store. */
  isAt(path = storePath()): boolean {
    return path === this.#name;
  }

  /** A finished tree, if it exists. */
  find(key: string): StoredTree | undefined {
    const directory = join(this.#trees, key);
    const root = join(directory, "root");
    if (lstatSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
      this.#known.delete(key);
      return undefined;
    }
    const known = this.#known.get(key) ?? this.#record(key);
    if (known === undefined) return undefined;
    // The data under a key never changes.
    this.#known.set(key, known);
    return { record: known, paths: known.hides === "directories" ? [root, join(directory, "hidden")] : [root] };
  }

  /**
   * Builds a tree unless it exists or another process builds it meanwhile: `fill` gets empty directories that their
   * owner can write to. Rethrows what `fill` throws, and leaves nothing. The tree is not on disk before `confirm`.
   */
  async make(
    key: string,
    fill: (directories: TreeDirectories) => Promise<TreeRecord>,
    signal?: AbortSignal,
  ): Promise<StoredTree> {
    const claim = await this.#claims.take(key, async () => this.find(key) !== undefined, signal);
    try {
      if (claim !== undefined) await this.#make(key, fill);
    } finally {
      await claim?.end();
    }
    const made = this.find(key);
    if (made === undefined) throw unavailable(join(this.#trees, key), { detail: "not there" });
    return made;
  }

  /** Those of these trees that may not be on disk. */
  unflushed(keys: readonly string[]): readonly string[] {
    return keys.filter((key) => this.find(key) !== undefined && this.#known.get(key)?.unflushedIn !== null);
  }

  /** Records that these trees are on disk, after their file system was flushed. */
  async confirm(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const known = this.#known.get(key);
      if (known === undefined) continue;
      const record: Stored = { ...known, unflushedIn: null };
      const written = join(this.#work, newToken());
      // Not flushed: if this is lost, the tree is merely built again.
      await writeFile(written, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      await rename(written, join(this.#trees, key, "tree.json")).catch(ignoreMissing);
      this.#known.set(key, record);
    }
  }

  /** The keys of all trees, each with its record; undefined for one that this version does not understand. */
  async trees(): Promise<ReadonlyMap<string, TreeRecord | undefined>> {
    const keys = await readdir(this.#trees);
    return new Map(keys.map((key) => [key, this.find(key)?.record] as const));
  }

  /** A new, empty, unlinked file: nothing of it remains, however this process ends. Throws IMAGE_STORE_UNAVAILABLE. */
  async scratchFile(): Promise<FileHandle> {
    const path = join(this.#work, newToken());
    try {
      const handle = await open(path, "wx+", 0o600);
      await unlink(path);
      return handle;
    } catch (error) {
      throw unavailable(path, errnoOf(error));
    }
  }

  /** Moves a tree away from its name, and returns the new path, to be removed: so no process finds half of one. */
  async detachTree(key: string): Promise<string> {
    const work = join(this.#work, newToken());
    await rename(join(this.#trees, key), work);
    return work;
  }

  #record(key: string): Stored | undefined {
    try {
      const parsed = storedSchema.safeParse(JSON.parse(readFileSync(join(this.#trees, key, "tree.json"), "utf8")));
      if (!parsed.success) return undefined;
      const { unflushedIn } = parsed.data;
      return unflushedIn === null || unflushedIn === boot() ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  async #make(key: string, fill: (directories: TreeDirectories) => Promise<TreeRecord>): Promise<void> {
    const work = join(this.#work, newToken());
    const directories = { root: join(work, "root"), hidden: join(work, "hidden") };
    try {
      await mkdir(work, { mode: 0o700 });
      for (const directory of Object.values(directories)) {
        await mkdir(directory);
        // Whatever the umask is: a workload must be able to enter its root.
        await chmod(directory, 0o755);
        if (ownUid() === 0) await chown(directory, TREE_OWNER, TREE_OWNER);
      }
      const record: Stored = { ...(await fill(directories)), unflushedIn: boot() };
      await writeFile(join(work, "tree.json"), `${JSON.stringify(record)}\n`, { mode: 0o600 });
      await this.#publish(work, key);
    } finally {
      // After a success it has moved away; after a failure, or behind another process, it is garbage.
      await removeTree(work);
    }
  }

  async #publish(work: string, key: string): Promise<void> {
    try {
      await rename(work, join(this.#trees, key));
    } catch (error) {
      // Another process was faster. Its tree is as good: both come from the same bytes.
      if (this.find(key) !== undefined) return;
      // Or a tree exists that is not valid, and that no process uses therefore.
      const remains = await this.detachTree(key).catch(() => undefined);
      if (remains === undefined) throw unavailable(this.#trees, errnoOf(error));
      await removeTree(remains);
      await rename(work, join(this.#trees, key)).catch((again: unknown) => {
        if (this.find(key) === undefined) throw unavailable(this.#trees, errnoOf(again));
      });
    }
  }

  async #sweep(): Promise<void> {
    const names = readdirSync(this.#work);
    for (const name of names.filter(isAbandoned)) await removeTree(join(this.#work, name)).catch(() => undefined);
  }
}

import { createHash } from "node:crypto";
import { constants, lstatSync } from "node:fs";
import { chmod, chown, type FileHandle, mkdir, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { newToken } from "../../host/owner-token.js";
import { digest } from "../documents/oci.js";
import type { Digest } from "../reference/digest.js";
import type { ErofsImage } from "./erofs-image.js";
import { IMAGE_NAME } from "./erofs-image.js";
import { errnoOf, unavailable } from "./location.js";
import { ownUid, TREE_OWNER } from "./owner.js";
import { removeTree } from "./remove-tree.js";
import type { WorkClaims } from "./work-claims.js";

const recordSchema = z.object({
  digest,
  sizeBytes: z.number().check(z.int(), z.gte(0)),
  sources: z.array(z.string()),
});
type ErofsRecord = z.output<typeof recordSchema>;

export interface ErofsEntry {
  readonly key: string;
  readonly bytes: number;
  /** Whether it was built from the store, and not from a directory elsewhere. */
  readonly ofStore: boolean;
  /** And whether all of that is still there. */
  readonly named: boolean;
}

/**
 * EROFS images of trees: `erofs/<key>/image.erofs`, and its record. They appear as trees do: complete and flushed, or
 * not at all.
 */
export class ErofsStore {
  readonly #store: string;
  readonly #directory: string;
  readonly #work: string;
  readonly #claims: WorkClaims;

  constructor(store: string, claims: WorkClaims) {
    this.#store = store;
    this.#directory = join(store, "erofs");
    this.#work = join(store, "work");
    this.#claims = claims;
  }

  /** Its name in `Pins`. */
  pin(key: string): string {
    return `erofs-${key}`;
  }

  async find(key: string): Promise<ErofsImage | undefined> {
    const record = await this.#record(key);
    const path = join(this.#directory, key, IMAGE_NAME);
    if (record === undefined || lstatSync(path, { throwIfNoEntry: false })?.size !== record.sizeBytes) return undefined;
    return { path, digest: record.digest, sizeBytes: record.sizeBytes };
  }

  /**
   * Builds an image unless it exists: `fill` writes it into the given directory. Rethrows what `fill` throws, and
   * leaves nothing.
   */
  async make(
    key: string,
    sources: readonly string[],
    fill: (directory: string) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<ErofsImage> {
    const isThere = async () => (await this.find(key)) !== undefined;
    const claim = await this.#claims.take(this.pin(key), isThere, signal);
    try {
      if (claim !== undefined) await this.#make(key, sources, fill);
    } finally {
      await claim?.end();
    }
    const made = await this.find(key);
    if (made === undefined) throw unavailable(join(this.#directory, key), { detail: "not there" });
    return made;
  }

  async list(): Promise<readonly ErofsEntry[]> {
    const keys = await readdir(this.#directory);
    return await Promise.all(
      keys.map(async (key) => {
        const { sizeBytes, sources } = (await this.#record(key)) ?? { sizeBytes: 0, sources: [] };
        const present = sources.every((source) => lstatSync(join(this.#store, source), { throwIfNoEntry: false }));
        const ofStore = sources.length > 0;
        return { key, bytes: sizeBytes, ofStore, named: ofStore && present };
      }),
    );
  }

  /** Moves it away from its name, and returns the new path, to be removed. */
  async detach(key: string): Promise<string> {
    const work = join(this.#work, newToken());
    await rename(join(this.#directory, key), work);
    return work;
  }

  async #record(key: string): Promise<ErofsRecord | undefined> {
    try {
      const text = await readFile(join(this.#directory, key, "erofs.json"), "utf8");
      const parsed = recordSchema.safeParse(JSON.parse(text));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  async #make(key: string, sources: readonly string[], fill: (directory: string) => Promise<void>): Promise<void> {
    const work = join(this.#work, newToken());
    const out = join(work, "out");
    const ready = join(work, "ready");
    try {
      await mkdir(ready, { recursive: true, mode: 0o700 });
      await mkdir(out);
      await chmod(out, 0o755);
      if (ownUid() === 0) await chown(out, TREE_OWNER, TREE_OWNER);
      await fill(out);
      const image = await seal(join(out, IMAGE_NAME));
      await rename(join(out, IMAGE_NAME), join(ready, IMAGE_NAME));
      const record: ErofsRecord = { ...image, sources: [...sources] };
      await writeFile(join(ready, "erofs.json"), `${JSON.stringify(record)}\n`, { mode: 0o600, flush: true });
      await this.#publish(ready, key);
    } finally {
      await removeTree(work);
    }
  }

  async #publish(ready: string, key: string): Promise<void> {
    const path = join(this.#directory, key);
    try {
      await rename(ready, path);
    } catch (error) {
      // Another process was faster, with the same image.
      if ((await this.find(key)) !== undefined) return;
      throw unavailable(path, errnoOf(error));
    }
    const directory = await open(this.#directory);
    await directory.sync().finally(() => directory.close());
  }
}

/**
 * Takes over a file that was written in a sandbox that is now gone. Hostile input may have made the program leave
 * anything there: accept only a regular file, by descriptor, and make it ours and read-only from here on.
 */
async function seal(path: string): Promise<{ readonly digest: Digest; readonly sizeBytes: number }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      throw new BulkheadError("EROFS_FAILED", { operation: "open", path, ...errnoOf(error), cause: error });
    },
  );
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || stat.nlink !== 1) {
      throw new BulkheadError("EROFS_FAILED", { operation: "open", path, detail: "not a plain file" });
    }
    if (ownUid() === 0) await handle.chown(0, 0);
    await handle.chmod(0o444);
    await handle.datasync();
    return { digest: await digestOfFile(handle), sizeBytes: stat.size };
  } finally {
    await handle.close();
  }
}

async function digestOfFile(handle: FileHandle): Promise<Digest> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1 << 20);
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return `sha256:${hash.digest("hex")}`;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

import { lstat, open, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { Blobs } from "../layout/blobs.js";
import { type Digest, digestFromHex, digestHex } from "../reference/digest.js";
import { errnoOf, unavailable } from "./location.js";
import { ignoreMissing, type Turn, Turns } from "./turns.js";

/**
 * Blobs under their digests, as in an OCI image layout: `blobs/sha256/HEX`. One appears there whole, checked and flushed to the disk, or
 * not at all. What is being downloaded is in `downloads/`, and stays there for the next who wants it when it breaks off.
 */
export class BlobStore {
  readonly #directory: string;
  readonly #layout: Blobs;
  readonly #turns: Turns;

  constructor(store: string) {
    this.#layout = new Blobs(store);
    this.#directory = join(store, "blobs", "sha256");
    this.#turns = new Turns(join(store, "downloads"));
  }

  path(digest: Digest): string {
    return join(this.#directory, digestHex(digest));
  }

  /** A blob as a stream; whoever reads it checks it, since disks forget. */
  stream(digest: Digest): Readable {
    return this.#layout.stream(digest);
  }

  /** A document of the store's, whole and checked. Throws IMAGE_INVALID. */
  async document(digest: Digest, sizeBytes: number): Promise<Uint8Array> {
    return await this.#layout.document({ digest, size: sizeBytes, mediaType: "" });
  }

  async has(digest: Digest): Promise<boolean> {
    return (await lstat(this.path(digest)).catch(() => undefined))?.isFile() === true;
  }

  /** The right to bring a blob, with what is there of it already; undefined when somebody else has brought it. Throws ABORTED. */
  async claim(digest: Digest, signal?: AbortSignal): Promise<Turn | undefined> {
    return await this.#turns.take(digestHex(digest), () => this.has(digest), signal);
  }

  /** Takes a blob in, whose digest has been checked. Throws IMAGE_STORE_UNAVAILABLE. */
  async publish(turn: Turn, digest: Digest): Promise<void> {
    const path = this.path(digest);
    try {
      await flush(turn.path);
      await rename(turn.path, path);
      await flush(dirname(path));
    } catch (error) {
      throw unavailable(path, errnoOf(error));
    }
  }

  /** Takes in bytes that are here already, checked. Throws IMAGE_STORE_UNAVAILABLE. */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const turn = await this.claim(digest);
    if (turn === undefined) return;
    try {
      await writeFile(turn.path, bytes);
      await this.publish(turn, digest);
    } catch (error) {
      await turn.end();
      throw error instanceof BulkheadError ? error : unavailable(this.path(digest), errnoOf(error));
    }
  }

  async *list(): AsyncGenerator<{ readonly digest: Digest; readonly sizeBytes: number }> {
    for (const name of await readdir(this.#directory)) {
      const digest = digestFromHex(name);
      const stat = await lstat(join(this.#directory, name)).catch(() => undefined);
      if (digest !== undefined && stat !== undefined) yield { digest, sizeBytes: stat.size };
    }
  }

  async remove(digest: Digest): Promise<void> {
    await unlink(this.path(digest)).catch(ignoreMissing);
  }

  /** Parts of blobs that nobody is downloading. */
  async broken(): Promise<readonly string[]> {
    return await this.#turns.leftOver();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path);
  await handle.datasync().finally(() => handle.close());
}

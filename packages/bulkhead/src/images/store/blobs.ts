import { lstat, open, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { Blobs } from "../layout/blobs.js";
import { type Digest, digestFromHex, digestHex } from "../reference/digest.js";
import { errnoOf, unavailable } from "./location.js";
import { type Claim, ignoreMissing, WorkClaims } from "./work-claims.js";

/**
 * Blobs by digest, as in an OCI image layout: `blobs/sha256/HEX`. A blob appears there complete, checked and flushed to
 * disk, or not at all. A download is in `downloads/`, and an interrupted one stays there for the next process that
 * wants it.
 */
export class BlobStore {
  readonly #directory: string;
  readonly #layout: Blobs;
  readonly #claims: WorkClaims;

  constructor(store: string) {
    this.#layout = new Blobs(store);
    this.#directory = join(store, "blobs", "sha256");
    this.#claims = new WorkClaims(join(store, "downloads"));
  }

  path(digest: Digest): string {
    return join(this.#directory, digestHex(digest));
  }

  /** A blob as a stream; its reader must check it, because disks fail. */
  stream(digest: Digest): Readable {
    return this.#layout.stream(digest);
  }

  /** A document of the store, complete and checked. Throws IMAGE_INVALID. */
  async document(digest: Digest, sizeBytes: number): Promise<Uint8Array> {
    return await this.#layout.document({ digest, size: sizeBytes, mediaType: "" });
  }

  async has(digest: Digest): Promise<boolean> {
    return (await lstat(this.path(digest)).catch(() => undefined))?.isFile() === true;
  }

  /**
   * The right to download a blob, with the part already present; undefined once another process has downloaded it.
   * Throws ABORTED.
   */
  async claim(digest: Digest, signal?: AbortSignal): Promise<Claim | undefined> {
    return await this.#claims.take(digestHex(digest), () => this.has(digest), signal);
  }

  /** Publishes a blob whose digest has been checked. Throws IMAGE_STORE_UNAVAILABLE. */
  async publish(claim: Claim, digest: Digest): Promise<void> {
    const path = this.path(digest);
    try {
      await flush(claim.path);
      await rename(claim.path, path);
      await flush(dirname(path));
    } catch (error) {
      throw unavailable(path, errnoOf(error));
    }
  }

  /** Stores bytes that are present and checked. Throws IMAGE_STORE_UNAVAILABLE. */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const claim = await this.claim(digest);
    if (claim === undefined) return;
    try {
      await writeFile(claim.path, bytes);
      await this.publish(claim, digest);
    } catch (error) {
      await claim.end();
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

  /** Partial blobs that no process is downloading. */
  async broken(): Promise<readonly string[]> {
    return await this.#claims.leftOver();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path);
  await handle.datasync().finally(() => handle.close());
}

import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { invalid } from "../documents/invalid.js";
import type { RemoteRegistry } from "../fetcher/remote.js";
import type { Digest } from "../reference/digest.js";
import type { WantedBlob } from "../registry/registry.js";
import { errnoOf, unavailable } from "../store/location.js";

/**
 * Downloads one blob into the file at `path`, starting where the file ends. When it resolves, the file has the promised
 * size and digest; when it throws, the file keeps its data for the next try. Throws IMAGE_INVALID, IMAGE_NOT_FOUND,
 * REGISTRY_*, HELPER_*, ABORTED.
 */
export async function download(
  registry: RemoteRegistry,
  wanted: WantedBlob,
  path: string,
  onBytes: (have: number) => void,
): Promise<void> {
  await using handle = await open(path, "r+");
  const part = await Part.resume(handle, path, wanted);
  onBytes(part.length);
  for (;;) {
    for await (const chunk of registry.blob(wanted, part.length)) {
      await part.append(chunk);
      onBytes(part.length);
    }
    if (part.digest() === wanted.digest) return;
    // The first part came from another process, or from before a power loss: do not blame the registry.
    if (!part.resumed) throw invalid("download blob", "digest", await registry.blobPath(wanted.digest));
    await part.restart();
  }
}

/** The part of a blob that is present, and its hash. */
class Part {
  readonly #handle: FileHandle;
  readonly #path: string;
  #hash: Hash;
  #length: number;
  /** Whether it contains bytes that this process did not download. */
  #resumed: boolean;

  private constructor(handle: FileHandle, path: string, hash: Hash, length: number) {
    this.#handle = handle;
    this.#path = path;
    this.#hash = hash;
    this.#length = length;
    this.#resumed = length > 0;
  }

  static async resume(handle: FileHandle, path: string, { sizeBytes }: WantedBlob): Promise<Part> {
    const { size } = await handle.stat();
    const hash = createHash("sha256");
    if (size <= sizeBytes) {
      for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
      return new Part(handle, path, hash, size);
    }
    await handle.truncate(0);
    return new Part(handle, path, hash, 0);
  }

  get length(): number {
    return this.#length;
  }

  get resumed(): boolean {
    return this.#resumed;
  }

  digest(): Digest {
    return `sha256:${this.#hash.copy().digest("hex")}`;
  }

  /** Throws IMAGE_STORE_UNAVAILABLE, most often because the disk is full. */
  async append(chunk: Uint8Array): Promise<void> {
    let written = 0;
    while (written < chunk.length) {
      const at = this.#length + written;
      const { bytesWritten } = await this.#handle.write(chunk, written, chunk.length - written, at).catch((error) => {
        throw unavailable(this.#path, errnoOf(error));
      });
      written += bytesWritten;
    }
    this.#hash.update(chunk);
    this.#length += chunk.length;
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash("sha256");
    this.#length = 0;
    this.#resumed = false;
  }
}

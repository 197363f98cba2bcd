import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { invalid } from "../documents/invalid.js";
import type { Digest } from "../reference/digest.js";
import type { RegistryClient } from "../registry/client.js";
import { TransientFailure } from "../registry/failure.js";
import { paced } from "../registry/http/body.js";
import type { Answer } from "../registry/http/exchange.js";
import type { Timing } from "../registry/settings.js";
import { errnoOf, unavailable } from "../store/location.js";

/** So much of a body has to come before earlier failures are forgotten: a registry that sends a byte and resets makes no progress. */
const PROGRESS_BYTES = 1024 * 1024;

export interface Wanted {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/**
 * Brings one blob into the file at `path`, from where the file ends. When it resolves the file has the size and digest that were promised;
 * when it throws, what has come is in the file for the next try. Throws IMAGE_INVALID, IMAGE_NOT_FOUND, REGISTRY_*, ABORTED.
 */
export async function download(
  client: RegistryClient,
  wanted: Wanted,
  path: string,
  timing: Timing,
  onBytes: (have: number) => void,
): Promise<void> {
  await using handle = await open(path, "r+");
  const part = await Part.resume(handle, path, wanted);
  const patience = client.patience();
  onBytes(part.length);
  for (;;) {
    const before = part.length;
    try {
      while (part.length < wanted.sizeBytes) await receive(client, wanted, part, timing, onBytes);
      if (part.digest() === wanted.digest) return;
      // Somebody else's half, or a disk that lost power: that is no reason to blame the registry.
      if (!part.resumed) throw invalid("download blob", "digest", client.blobPath(wanted.digest));
      await part.restart();
    } catch (error) {
      if (part.length - before >= PROGRESS_BYTES) patience.progressed();
      await patience.after(error, "get blob", client.blobPath(wanted.digest));
    }
  }
}

/** One request, and as much of the blob as comes. */
async function receive(
  client: RegistryClient,
  { digest, sizeBytes }: Wanted,
  part: Part,
  timing: Timing,
  onBytes: (have: number) => void,
): Promise<void> {
  const answer = await client.blob(digest, part.mayResume ? part.length : 0);
  if (answer.status === 206 && !continues(answer, part.length, sizeBytes)) {
    answer.body.destroy();
    part.mayResume = false;
    throw new TransientFailure({ detail: "content-range" });
  }
  if (answer.status === 416) {
    answer.body.destroy();
    part.mayResume = false;
    return;
  }
  if (answer.status === 200 && part.length > 0) await part.restart();
  const announced = answer.headers["content-length"];
  if (announced !== undefined && Number(announced) !== sizeBytes - part.length) {
    answer.body.destroy();
    throw invalid("download blob", "size", client.blobPath(digest));
  }
  for await (const chunk of paced(answer, timing)) {
    if (part.length + chunk.length > sizeBytes) throw invalid("download blob", "size", client.blobPath(digest));
    await part.append(chunk);
    onBytes(part.length);
  }
  // An answer without a length that just ends may have been cut off.
  if (part.length < sizeBytes) throw new TransientFailure({ detail: "truncated" });
}

/** Whether a partial answer is the part that was asked for: another one would be written to the wrong place. */
function continues({ headers }: Answer, offset: number, sizeBytes: number): boolean {
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  return Number(start) === offset && Number(end) === sizeBytes - 1 && (total === "*" || Number(total) === sizeBytes);
}

/** What is there of a blob, and the hash of it. */
class Part {
  readonly #handle: FileHandle;
  readonly #path: string;
  #hash: Hash;
  #length: number;
  /** It holds bytes that this process did not see come. */
  #resumed: boolean;
  /** The registry can go on in the middle. */
  mayResume = true;

  private constructor(handle: FileHandle, path: string, hash: Hash, length: number) {
    this.#handle = handle;
    this.#path = path;
    this.#hash = hash;
    this.#length = length;
    this.#resumed = length > 0;
  }

  static async resume(handle: FileHandle, path: string, { sizeBytes }: Wanted): Promise<Part> {
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

/** Smaller chunks are copied together; larger ones are kept as views. */
const SMALL_BYTES = 4096;
const LARGEST_BLOCK_BYTES = 16_384;

/**
 * Bytes that wait for a reader. A hostile sender controls the chunk sizes, so memory must depend on the number of bytes
 * and nothing else: a 1-byte view would keep alive the whole 64 KiB chunk it came in, and 262,144 of them would cost
 * gigabytes for one window of credit. Small pieces are copied into blocks, and a view is kept only of a chunk that it
 * mostly fills.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #head = 0;
  /** The last chunk, if it is a block with room left: `#block` is all of it, `#used` the filled part. */
  #block: Buffer | undefined;
  #used = 0;
  #length = 0;

  /** Number of bytes in the queue. */
  get length(): number {
    return this.#length;
  }

  /** Adds `chunk`, which the caller must not change afterwards. */
  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (chunk.length >= SMALL_BYTES && chunk.length * 2 >= chunk.buffer.byteLength) {
      this.#closeBlock();
      this.#chunks.push(chunk);
      return;
    }
    let at = 0;
    while (at < chunk.length) {
      const block = this.#roomFor(chunk.length - at);
      const copied = chunk.copy(block, this.#used, at);
      this.#used += copied;
      at += copied;
    }
  }

  /** Removes the oldest bytes, as many as are available in one piece. */
  shift(): Buffer | undefined {
    if (this.#head === this.#chunks.length) {
      this.#closeBlock();
    }
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) {
      return undefined;
    }
    this.#head += 1;
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    }
    this.#length -= chunk.length;
    return chunk;
  }

  /** Removes everything as one piece. */
  takeAll(): Buffer {
    this.#closeBlock();
    const chunks = this.#head === 0 ? this.#chunks : this.#chunks.slice(this.#head);
    const [only] = chunks;
    const all = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, this.#length);
    this.clear();
    return all;
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#block = undefined;
    this.#used = 0;
    this.#length = 0;
  }

  /** A block with at least one free byte. Blocks grow, so that a short line costs no more than itself. */
  #roomFor(bytes: number): Buffer {
    const block = this.#block;
    if (block !== undefined && this.#used < block.length) {
      return block;
    }
    const previous = block?.length ?? 0;
    this.#closeBlock();
    const size = Math.min(LARGEST_BLOCK_BYTES, Math.max(bytes, previous * 2));
    const fresh = Buffer.allocUnsafeSlow(size);
    this.#block = fresh;
    this.#used = 0;
    return fresh;
  }

  /** Ends the block; its filled part becomes a chunk. */
  #closeBlock(): void {
    if (this.#block !== undefined && this.#used > 0) {
      this.#chunks.push(this.#used === this.#block.length ? this.#block : this.#block.subarray(0, this.#used));
    }
    this.#block = undefined;
    this.#used = 0;
  }
}

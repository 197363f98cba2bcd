import { Readable } from "node:stream";
import { ByteQueue } from "./byte-queue.js";

/**
 * Output of an operation, as a Node stream. It applies backpressure: only data that the reader has taken is granted
 * again, so a stalled reader costs one window of memory and no more. A destroyed stream discards later data.
 */
export class OutputStream extends Readable {
  readonly #queue = new ByteQueue();
  readonly #consumed: (bytes: number) => void;
  #wanted = false;
  #done = false;

  /** `consumed` is called with the number of bytes that the reader has taken. */
  constructor(consumed: (bytes: number) => void) {
    // One chunk at a time: the queue holds the rest, and its memory depends only on the bytes.
    super({ highWaterMark: 1 });
    this.#consumed = consumed;
  }

  /** Data arrived. */
  feed(chunk: Buffer): void {
    if (this.destroyed) {
      this.#consumed(chunk.length);
      return;
    }
    this.#queue.push(chunk);
    this.#give();
  }

  /** No more will arrive. */
  finish(): void {
    this.#done = true;
    this.#give();
  }

  override _read(): void {
    this.#wanted = true;
    this.#give();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const waiting = this.#queue.length;
    this.#queue.clear();
    this.#consumed(waiting);
    callback(error);
  }

  #give(): void {
    if (!this.#wanted) {
      return;
    }
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#wanted = false;
      this.#consumed(chunk.length);
      this.push(chunk);
    } else if (this.#done) {
      this.#wanted = false;
      this.push(null);
    }
  }
}

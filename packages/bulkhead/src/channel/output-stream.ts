import { Readable } from "node:stream";
import { ByteQueue } from "./byte-queue.js";

/**
 * What comes out of an operation, as a Node stream. It holds back the sender: only what a reader took is granted again,
 * so one that stops costs a window of memory and no more. A stream that is destroyed discards what still comes.
 */
export class OutputStream extends Readable {
  readonly #queue = new ByteQueue();
  readonly #consumed: (bytes: number) => void;
  #wanted = false;
  #done = false;

  /** `consumed` is told how much the reader has taken. */
  constructor(consumed: (bytes: number) => void) {
    // One chunk at a time: what waits is in the queue, where memory follows the bytes.
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

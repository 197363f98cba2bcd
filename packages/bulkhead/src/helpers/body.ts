import type { BulkheadError } from "../errors/bulkhead-error.js";
import { Violation } from "./frames.js";

/** Bytes that may be under way before the reader has taken any. */
export const WINDOW_BYTES = 1024 * 1024;

/** Bytes behind an answer, as they come. */
export interface Body extends AsyncIterable<Buffer> {
  /** When nothing more comes, whatever the reason. */
  readonly done: Promise<void>;
}

interface Reader {
  /** So many bytes more may be sent. */
  consumed(bytes: number): void;
  /** The reader stopped before the end. */
  left(): void;
}

/** Holds no more than one window, however fast the sender is. */
export class IncomingBody implements Body {
  readonly done: Promise<void>;
  readonly #reader: Reader;
  #settle: () => void = () => undefined;
  #chunks: Buffer[] = [];
  #waiting = 0;
  #error: BulkheadError | Error | undefined;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Throws Violation above what was granted. */
  push(chunk: Buffer): void {
    this.#waiting += chunk.length;
    if (this.#waiting > WINDOW_BYTES) throw new Violation("credit");
    this.#chunks.push(chunk);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#settle();
    this.#wake();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#settle();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          yield chunk;
          this.#waiting -= chunk.length;
          this.#reader.consumed(chunk.length);
          continue;
        }
        if (this.#error !== undefined) throw this.#error;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#chunks = [];
      if (!this.#ended) this.#reader.left();
    }
  }
}

/** A whole body of at most `maximum` bytes; undefined if it is longer. */
export async function readWhole(body: Body | undefined, maximum: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > maximum) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

import type { BulkheadError } from "../errors/bulkhead-error.js";
import { deferred } from "../values/deferred.js";
import { WakeUp } from "../values/wake-up.js";
import { Violation } from "./frames.js";

/** Bytes that may be in flight before the reader has taken any. */
export const WINDOW_BYTES = 1024 * 1024;

/** Bytes that follow an answer, as they arrive. */
export interface Body extends AsyncIterable<Buffer> {
  /** Resolves when no more will arrive, for any reason. */
  readonly done: Promise<void>;
}

interface Reader {
  /** Grants the sender this many more bytes. */
  consumed(bytes: number): void;
  /** The reader stopped before the end. */
  left(): void;
}

/** Buffers at most one window, however fast the sender is. */
export class IncomingBody implements Body {
  readonly #reader: Reader;
  readonly #done = deferred();
  readonly #news = new WakeUp();
  #chunks: Buffer[] = [];
  #waiting = 0;
  #error: BulkheadError | Error | undefined;
  #ended = false;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Whether the reader has taken all that came. */
  get isRead(): boolean {
    return this.#waiting === 0;
  }

  /** Throws Violation above the granted amount. */
  push(chunk: Buffer): void {
    this.#waiting += chunk.length;
    if (this.#waiting > WINDOW_BYTES) throw new Violation("credit");
    this.#chunks.push(chunk);
    this.#news.wake();
  }

  end(): void {
    this.#ended = true;
    this.#done.resolve();
    this.#news.wake();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#done.resolve();
    this.#news.wake();
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
        await this.#news.wait();
      }
    } finally {
      this.#chunks = [];
      if (!this.#ended) this.#reader.left();
    }
  }
}

/** Reads a whole body of at most `maximum` bytes; undefined if it is longer. */
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

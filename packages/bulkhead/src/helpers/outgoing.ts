import { WakeUp } from "../values/wake-up.js";
import { WINDOW_BYTES } from "./body.js";
import { Violation } from "./frames.js";

/** The body of one answer, sent as fast as the caller grants it. */
export class Outgoing {
  readonly #write: (chunk: Uint8Array) => void;
  readonly #abort = new AbortController();
  #credit = WINDOW_BYTES;
  readonly #news = new WakeUp();

  constructor(write: (chunk: Uint8Array) => void) {
    this.#write = write;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > WINDOW_BYTES) throw new Violation("credit");
    this.#news.wake();
  }

  cancel(): void {
    this.#abort.abort();
    this.#news.wake();
  }

  /** Stops early if the caller wants no more. */
  async send(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; ) {
        if (this.signal.aborted) return;
        if (this.#credit === 0) {
          await this.#news.wait();
          continue;
        }
        const piece = chunk.subarray(at, at + this.#credit);
        this.#credit -= piece.length;
        at += piece.length;
        this.#write(piece);
      }
    }
  }
}

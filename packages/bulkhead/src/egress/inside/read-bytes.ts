import type { Duplex } from "node:stream";

/**
 * Reads a few bytes at a time from a connection whose other end is hostile. Puts unused bytes back at once: later they
 * would be lost if the client has sent everything, because an ended stream takes nothing back.
 */
export class ByteReader {
  readonly #source: Duplex;

  constructor(source: Duplex) {
    this.#source = source;
  }

  /** Reads exactly this many bytes. Rejects if the connection ends first. */
  async take(count: number): Promise<Buffer> {
    let taken: Buffer = Buffer.alloc(0);
    while (taken.length < count) {
      const chunk: Buffer | null = this.#source.read() as Buffer | null;
      if (chunk === null) await this.#readable();
      else taken = Buffer.concat([taken, chunk]);
    }
    if (taken.length > count) this.#source.unshift(taken.subarray(count));
    return taken.subarray(0, count);
  }

  #readable(): Promise<void> {
    const source = this.#source;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        source.off("readable", onReadable).off("end", onEnd).off("close", onEnd);
        act();
      };
      const onReadable = settle(resolve);
      const onEnd = settle(() => reject(new Error("the connection ended")));
      if (source.readableEnded || source.destroyed) {
        onEnd();
        return;
      }
      source.once("readable", onReadable).once("end", onEnd).once("close", onEnd);
    });
  }
}

import type { Duplex } from "node:stream";

/** Reads a few bytes at a time from a connection whose other end is hostile. */
export class ByteReader {
  readonly #source: Duplex;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: Duplex) {
    this.#source = source;
  }

  /** Exactly so many bytes. Rejects when the connection ends before. */
  async take(count: number): Promise<Buffer> {
    while (this.#buffer.length < count) {
      const chunk: Buffer | null = this.#source.read() as Buffer | null;
      if (chunk === null) await this.#readable();
      else this.#buffer = Buffer.concat([this.#buffer, chunk]);
    }
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }

  /** What was read and not taken. */
  rest(): Buffer {
    const rest = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    return rest;
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

import type { Duplex } from "node:stream";

/** Splits a byte stream into lines of bounded length: the other side is hostile, and must not fill our memory. */
export class LineReader {
  readonly #most: number;
  readonly #line: (line: Buffer) => void;
  readonly #tooLong: () => void;
  #parts: Buffer[] = [];
  #length = 0;
  #ended = false;

  constructor(stream: Duplex, most: number, handlers: { line: (line: Buffer) => void; tooLong: () => void }) {
    this.#most = most;
    this.#line = handlers.line;
    this.#tooLong = handlers.tooLong;
    stream.on("data", (chunk: Buffer) => this.#push(chunk));
  }

  /** Stops reading. */
  stop(): void {
    this.#ended = true;
    this.#parts = [];
  }

  #push(chunk: Buffer): void {
    let rest = chunk;
    while (!this.#ended) {
      const end = rest.indexOf(0x0a);
      const part = end === -1 ? rest : rest.subarray(0, end);
      this.#length += part.length;
      if (this.#length > this.#most) {
        this.stop();
        this.#tooLong();
        return;
      }
      this.#parts.push(part);
      if (end === -1) return;
      const line = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#length = 0;
      rest = rest.subarray(end + 1);
      this.#line(line);
    }
  }
}

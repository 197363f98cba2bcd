import { violation } from "../../channel/violation.js";

/** Longer than any line that init has reason to send. */
const LONGEST_LINE_BYTES = 65_536;
const NEWLINE = 10;

/** Splits a byte stream into lines, and buffers at most one. */
export class LineDecoder {
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** The lines that `chunk` completes. @throws BulkheadError PROTOCOL_VIOLATION for a line that is too long */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, at)) {
      lines.push(this.#complete(chunk.subarray(at, end)));
      at = end + 1;
    }
    this.#keep(chunk.subarray(at));
    return lines;
  }

  #complete(end: Buffer): Buffer {
    this.#keep(end);
    const line = this.#rest.length === 1 ? this.#rest[0] : Buffer.concat(this.#rest, this.#restBytes);
    this.#rest = [];
    this.#restBytes = 0;
    return line ?? end;
  }

  #keep(part: Buffer): void {
    this.#restBytes += part.length;
    if (this.#restBytes > LONGEST_LINE_BYTES) {
      throw violation("message");
    }
    if (part.length > 0) {
      this.#rest.push(part);
    }
  }
}

/** A piece of a run's output, for a later `logs` or `attach`. */
export interface Piece {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
}

const MOST_BYTES = 1024 * 1024;
/** Each piece costs an object, so small ones are joined up to this size. */
const SMALL = 16 * 1024;
const MOST_PIECES = 4096;

/** The most recent output, in the order of its arrival. */
export class RecentOutput {
  readonly #pieces: Piece[] = [];
  #length = 0;

  add(stream: Piece["stream"], given: Buffer): void {
    // A copy: the buffer that it is a part of may be far larger, and would stay in memory.
    const bytes = Buffer.from(given.length > MOST_BYTES ? given.subarray(-MOST_BYTES) : given);
    const last = this.#pieces.at(-1);
    if (last?.stream === stream && last.bytes.length + bytes.length <= SMALL) {
      this.#pieces[this.#pieces.length - 1] = { stream, bytes: Buffer.concat([last.bytes, bytes]) };
    } else {
      this.#pieces.push({ stream, bytes });
    }
    this.#length += bytes.length;
    while (this.#length > MOST_BYTES || this.#pieces.length > MOST_PIECES) {
      this.#length -= this.#pieces.shift()?.bytes.length ?? 0;
    }
  }

  get pieces(): readonly Piece[] {
    return this.#pieces;
  }
}

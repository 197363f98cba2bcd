/** Maximum bytes of an operation's output, and what happens at the first byte above it. */
export class OutputBudget {
  #left: number;
  readonly #exceeded: () => void;
  #exhausted = false;

  constructor(bytes: number, exceeded: () => void) {
    this.#left = bytes;
    this.#exceeded = exceeded;
  }

  /** True once output was cut. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** The part of `chunk` that may be kept. */
  take(chunk: Buffer): Buffer {
    if (chunk.length <= this.#left) {
      this.#left -= chunk.length;
      return chunk;
    }
    const kept = chunk.subarray(0, this.#left);
    this.#left = 0;
    if (!this.#exhausted) {
      this.#exhausted = true;
      this.#exceeded();
    }
    return kept;
  }
}

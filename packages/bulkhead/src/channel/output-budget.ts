/** How many bytes an operation may put out in all, and what happens at the first one more. */
export class OutputBudget {
  #left: number;
  readonly #exceeded: () => void;
  #exhausted = false;

  constructor(bytes: number, exceeded: () => void) {
    this.#left = bytes;
    this.#exceeded = exceeded;
  }

  /** True once something was cut. */
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

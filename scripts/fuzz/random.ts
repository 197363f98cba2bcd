/** xorshift32: enough to choose mutations, and the same for the same seed everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** From 0 to `bound`, which is not included. */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }

  byte(): number {
    return this.below(256);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.byte()));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}

/** An input as it may arrive: cut anywhere. */
export function pieces(input: Buffer, random: Random): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const end = at + 1 + random.below(40);
    parts.push(Buffer.from(input.subarray(at, end)));
    at = end;
  }
  return parts;
}

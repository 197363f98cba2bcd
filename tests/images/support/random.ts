import { refreshChecksums } from "./tar.js";

/** Changes made at random, the same ones for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Below `limit` (Numerical Recipes' linear congruential generator; its high bits are good enough here). */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error("an empty list");
    return found;
  }

  /** An archive with some bytes changed, a block moved, or its end cut off; checksums right again, most of the time. */
  change(archive: Buffer): Buffer {
    const bytes = Buffer.from(archive);
    for (let count = 1 + this.below(8); count > 0 && bytes.length > 0; count -= 1) {
      // Near the start of some block: names, sizes and types are there.
      const at = Math.min(bytes.length - 1, this.below(bytes.length / 512) * 512 + this.below(270));
      bytes[at] = this.pick([
        0,
        0x20,
        0x2e,
        0x2f,
        0x30,
        0x31,
        0x32,
        0x35,
        0x37,
        0x4c,
        0x78,
        0x80,
        0xff,
        this.below(256),
      ]);
    }
    if (this.below(4) > 0) refreshChecksums(bytes);
    return this.below(8) === 0 ? bytes.subarray(0, this.below(bytes.length + 1)) : bytes;
  }
}

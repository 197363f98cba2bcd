import { readFileSync } from "node:fs";
import type { Random } from "./random.js";

const FILES = ["accepted", "refused"] as const;
const MOST_MUTATIONS = 6;

/** Inputs made by small damage from seeds, of which the golden vectors are some, and a few from nothing. */
export class Corpus {
  readonly #random: Random;
  readonly #seeds: readonly Buffer[];

  constructor(random: Random, seeds: readonly Buffer[] = vectors()) {
    this.#random = random;
    this.#seeds = seeds;
  }

  input(): Buffer {
    let input =
      this.#random.below(10) === 0 ? this.#random.bytes(this.#random.below(200)) : this.#random.pick(this.#seeds);
    for (let left = this.#random.below(MOST_MUTATIONS + 1); left > 0; left -= 1) {
      input = this.#mutated(input);
    }
    return Buffer.from(input);
  }

  #mutated(input: Buffer): Buffer {
    const at = this.#random.below(input.length + 1);
    const damaged = Buffer.from(input);
    switch (this.#random.below(6)) {
      case 0:
        damaged[at] = this.#random.byte();
        return damaged;
      case 1:
        damaged[at] = (damaged[at] ?? 0) ^ (1 << this.#random.below(8));
        return damaged;
      case 2:
        return damaged.subarray(0, at);
      case 3:
        return Buffer.concat([input.subarray(0, at), this.#random.bytes(this.#random.below(9)), input.subarray(at)]);
      case 4:
        return Buffer.concat([input.subarray(0, at), input.subarray(at + this.#random.below(9))]);
      default:
        return Buffer.concat([input, this.#random.pick(this.#seeds)]);
    }
  }
}

function vectors(): readonly Buffer[] {
  return FILES.flatMap((name) => {
    const url = new URL(`../../warden/channel/vectors/${name}.json`, import.meta.url);
    const { vectors } = JSON.parse(readFileSync(url, "utf8")) as {
      readonly vectors: readonly { readonly hex: string }[];
    };
    return vectors.map(({ hex }) => Buffer.from(hex, "hex"));
  });
}

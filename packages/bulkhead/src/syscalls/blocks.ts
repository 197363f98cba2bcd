/** Values that equal `value` in the bits of `mask`; the other bits are free. */
export interface Block {
  readonly mask: number;
  readonly value: number;
}

/**
 * Cuts the 32-bit numbers into blocks: those of `points` (compared under `mask`) and the rest. An OCI rule compares
 * each argument once, so "none of these" can be written only as a list of blocks, one rule each.
 */
export function partition(points: readonly number[], mask: number): { readonly in: Block[]; readonly out: Block[] } {
  const blocks: { readonly in: Block[]; readonly out: Block[] } = { in: [], out: [] };
  const bits = Array.from({ length: 32 }, (_, bit) => 31 - bit).filter((bit) => ((mask >>> bit) & 1) === 1);
  split(0, 0, points, bits, blocks);
  return blocks;
}

function split(
  mask: number,
  value: number,
  points: readonly number[],
  bits: readonly number[],
  blocks: { readonly in: Block[]; readonly out: Block[] },
): void {
  const [bit, ...rest] = bits;
  if (points.length === 0) blocks.out.push({ mask, value });
  else if (bit === undefined) blocks.in.push({ mask, value });
  else {
    for (const side of [0, 1]) {
      const inside = points.filter((point) => ((point >>> bit) & 1) === side);
      split((mask | (1 << bit)) >>> 0, (value | (side << bit)) >>> 0, inside, rest, blocks);
    }
  }
}

/** Pages of zeros in a file that was fetched: a hole inside is a hole on the host. */

const PAGE = 4096;
const ZEROS = Buffer.alloc(PAGE);

/** A stretch of a chunk, without pages that are all zeros. */
export interface Part {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** What of a chunk is not zeros, in order; neighbouring pages are one part. */
export function* partsOf(chunk: Buffer): Generator<Part, void, void> {
  let start: number | undefined;
  for (let offset = 0; offset < chunk.length; offset += PAGE) {
    const page = chunk.subarray(offset, offset + PAGE);
    const isHole = page.equals(page.length === PAGE ? ZEROS : ZEROS.subarray(0, page.length));
    if (!isHole) start ??= offset;
    else if (start !== undefined) {
      yield { offset: start, bytes: chunk.subarray(start, offset) };
      start = undefined;
    }
  }
  if (start !== undefined) yield { offset: start, bytes: chunk.subarray(start) };
}

/** How many bytes of a chunk take room. */
export function solidBytes(chunk: Buffer): number {
  let sum = 0;
  for (const { bytes } of partsOf(chunk)) sum += bytes.length;
  return sum;
}

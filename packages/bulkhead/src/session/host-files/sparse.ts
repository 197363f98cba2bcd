/** Finds zero pages in a fetched file: a hole inside becomes a hole on the host. */

const PAGE = 4096;
const ZEROS = Buffer.alloc(PAGE);

/** A stretch of a chunk without all-zero pages. */
export interface Part {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The parts of a chunk that are not zero, in order; adjacent pages form one part. */
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

/** Bytes of a chunk that need disk space. */
export function solidBytes(chunk: Buffer): number {
  let sum = 0;
  for (const { bytes } of partsOf(chunk)) sum += bytes.length;
  return sum;
}

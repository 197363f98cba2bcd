import { BulkheadError } from "../../errors/bulkhead-error.js";

/** A block of the legacy frame unpacks to at most this size. */
const BLOCK_BYTES = 8 * 1024 * 1024;

/**
 * Unpacks LZ4's legacy frame, the format of kernels: the magic number, then blocks prefixed with their length. Source:
 * lz4, doc/lz4_Frame_format.md and doc/lz4_Block_format.md. Throws KERNEL_UNAVAILABLE.
 */
export function unpackLz4(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 4; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    const begin = at + 4;
    at = begin + length;
    if (at > bytes.length) throw broken();
    blocks.push(unpackBlock(bytes.subarray(begin, at)));
  }
  return Buffer.concat(blocks);
}

function unpackBlock(source: Buffer): Buffer {
  const out = Buffer.allocUnsafe(BLOCK_BYTES);
  let from = 0;
  let to = 0;
  const byte = (): number => {
    const value = source[from];
    if (value === undefined) throw broken();
    from += 1;
    return value;
  };
  /** Four bits, extended by further bytes as long as these are 255. */
  const length = (bits: number): number => {
    let sum = bits;
    for (let more = bits === 15 ? 255 : 0; more === 255; sum += more) more = byte();
    return sum;
  };
  while (from < source.length) {
    const token = byte();
    const literals = length(token >> 4);
    if (from + literals > source.length || to + literals > BLOCK_BYTES) throw broken();
    source.copy(out, to, from, from + literals);
    from += literals;
    to += literals;
    if (from === source.length) break; // the last sequence is literals only
    const distance = byte() | (byte() << 8);
    const count = length(token & 15) + 4;
    if (distance === 0 || distance > to || to + count > BLOCK_BYTES) throw broken();
    // The source may overlap what this copy writes; the format then means a byte-by-byte copy.
    if (distance >= count) out.copyWithin(to, to - distance, to - distance + count);
    else for (let index = 0; index < count; index += 1) out[to + index] = out[to + index - distance] ?? 0;
    to += count;
  }
  return out.subarray(0, to);
}

function broken(): BulkheadError {
  return new BulkheadError("KERNEL_UNAVAILABLE", { operation: "unpack kernel", detail: "lz4" });
}

import { invalid } from "../documents/invalid.js";

/** The fields of a tar header (POSIX ustar and GNU) that the index needs. */
export interface TarHeader {
  readonly name: string;
  readonly link: string;
  readonly sizeBytes: number;
  /** `0` file, `2` symbolic link, `5` directory, `x` pax, `L` GNU long name, … */
  readonly type: string;
}

export const BLOCK_BYTES = 512;

const latin1 = new TextDecoder("latin1");

/** Parses one header block; undefined for a block of zeros, which ends the archive. Throws IMAGE_INVALID. */
export function parseHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (checksum(block) !== octal(block, 148, 8)) throw invalid("read archive", "header checksum");
  const prefix = text(block, 257, 6, false) === "ustar\0" ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  const type = String.fromCharCode(block[156] ?? 0);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    link: text(block, 157, 100),
    sizeBytes: octal(block, 124, 12),
    type: type === "\0" ? "0" : type,
  };
}

function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

function text(block: Uint8Array, start: number, length: number, untilNul = true): string {
  const field = latin1.decode(block.subarray(start, start + length));
  const end = untilNul ? field.indexOf("\0") : -1;
  return end === -1 ? field : field.slice(0, end);
}

/** Octal, or base 256 for a value that is too large for it. */
function octal(block: Uint8Array, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  const value =
    field[0] === 0x80
      ? field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
      : /^ *[0-7]*[ \0]*$/.test(latin1.decode(field))
        ? Number.parseInt(`0${text(block, start, length).trim()}`, 8)
        : Number.NaN;
  if (!Number.isSafeInteger(value)) throw invalid("read archive", "header number");
  return value;
}

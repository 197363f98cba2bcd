import type { Piece } from "./recent-output.js";

/** Frames from a run to a follower: a kind, a length, and that many bytes. */
export const KINDS = { end: 0, stdout: 1, stderr: 2 } as const;
export type Kind = keyof typeof KINDS;

const HEADER_BYTES = 5;
/** A run keeps no longer piece. */
const LARGEST = 2 * 1024 * 1024;

/** The requested output: so far, from now on, or both. Later lines name signals. */
export interface OutputRequest {
  readonly past: boolean;
  readonly follow: boolean;
}

export function frame(kind: Kind, bytes: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(KINDS[kind]);
  header.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([header, bytes]);
}

export function frameOf({ stream, bytes }: Piece): Buffer {
  return frame(stream, bytes);
}

/** Splits the data into frames. The other end belongs to this user or root: a wrong frame is a bug, not an attack. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws Error when these are no frames */
  push(chunk: Buffer): readonly { readonly kind: Kind; readonly bytes: Buffer }[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: { readonly kind: Kind; readonly bytes: Buffer }[] = [];
    while (bytes.length >= HEADER_BYTES) {
      const kind = kindOf(bytes.readUInt8());
      const end = HEADER_BYTES + bytes.readUInt32BE(1);
      if (kind === undefined || end > LARGEST) throw new Error("not a run's output");
      if (bytes.length < end) break;
      frames.push({ kind, bytes: bytes.subarray(HEADER_BYTES, end) });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return frames;
  }
}

function kindOf(number: number): Kind | undefined {
  return (["end", "stdout", "stderr"] as const).find((kind) => KINDS[kind] === number);
}

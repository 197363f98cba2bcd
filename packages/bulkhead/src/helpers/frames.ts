import { isUtf8 } from "node:buffer";

/**
 * Frames between a helper and the library: `u32` big-endian length of the rest, `u32` call number, `u8` kind, payload.
 * Each side treats the other as hostile: every frame is bounded, and an unrequested one is a violation.
 */
export const Kind = {
  /** JSON `{ method, value }`: the callee answers with one Return or Throw. */
  Call: 1,
  /** JSON `{ value, body }`; with `body`, Data and one End or Throw follow. */
  Return: 2,
  /** JSON: an error. Ends the call, even in the middle of its body. */
  Throw: 3,
  /** Bytes of the body, within the caller's credit. */
  Data: 4,
  End: 5,
  /** `u32`: this many more bytes of the body may come. */
  Credit: 6,
  /** The caller wants no more; data that is already sent is ignored. */
  Cancel: 7,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface Frame {
  readonly call: number;
  readonly kind: Kind;
  readonly payload: Buffer;
}

const HEADER_BYTES = 5;
export const DATA_BYTES = 65_536;
/** Bytes of one JSON payload: the largest is an image's configuration. */
export const JSON_BYTES = 6 * 1024 * 1024;

export function encodeFrame(call: number, kind: Kind, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.allocUnsafe(4 + HEADER_BYTES);
  head.writeUInt32BE(HEADER_BYTES + payload.length, 0);
  head.writeUInt32BE(call, 4);
  head.writeUInt8(kind, 8);
  return payload.length === 0 ? head : Buffer.concat([head, payload]);
}

export function encodeJson(call: number, kind: Kind, value: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(value) ?? "null");
  if (payload.length > JSON_BYTES) throw new RangeError("message too long");
  return encodeFrame(call, kind, payload);
}

/** Why a peer is no longer trusted. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export function decodeJson({ payload }: Frame): unknown {
  if (!isUtf8(payload)) throw new Violation("not UTF-8");
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    throw new Violation("not JSON");
  }
}

/** Splits a peer's bytes into frames, however they arrive. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Throws Violation; push nothing after that. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#length < 4 + HEADER_BYTES) return;
      const head = this.#peek(4 + HEADER_BYTES);
      const rest = head.readUInt32BE(0);
      const kind = head.readUInt8(8);
      if (!isKind(kind)) throw new Violation("kind");
      if (rest < HEADER_BYTES || rest > HEADER_BYTES + bound(kind)) throw new Violation("length");
      if (this.#length < 4 + rest) return;
      const frame = this.#take(4 + rest);
      yield { call: frame.readUInt32BE(4), kind, payload: frame.subarray(4 + HEADER_BYTES) };
    }
  }

  /** At least the first `count` bytes in one piece, if that many are buffered. */
  #peek(count: number): Buffer {
    let [first = Buffer.alloc(0)] = this.#chunks;
    // One piece at a time: the bytes after a header may be long, and are joined once, when all have arrived.
    while (first.length < count && this.#chunks.length > 1) {
      first = Buffer.concat(this.#chunks.splice(0, 2));
      this.#chunks.unshift(first);
    }
    return first;
  }

  #take(count: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    const rest = all.subarray(count);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    return all.subarray(0, count);
  }
}

function isKind(value: number): value is Kind {
  return value >= Kind.Call && value <= Kind.Cancel;
}

function bound(kind: Kind): number {
  switch (kind) {
    case Kind.Call:
    case Kind.Return:
      return JSON_BYTES;
    case Kind.Throw:
      return 65_536;
    case Kind.Data:
      return DATA_BYTES;
    case Kind.Credit:
      return 4;
    case Kind.End:
    case Kind.Cancel:
      return 0;
  }
}

import { COUNTED_HEADER_BYTES, type FrameKind, GENERATION, HEADER_BYTES, Kind, MAX_JSON_BYTES } from "./protocol.js";

/** A frame of any kind around `payload`. */
export function frame(kind: FrameKind, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  writeHeader(bytes, kind, stream, payload.length);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** A frame around a JSON object. @throws RangeError if it is longer than `limit`; the caller must prevent that */
export function jsonFrame(kind: FrameKind, stream: number, value: object, limit: number = MAX_JSON_BYTES.host): Buffer {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  if (length > limit) {
    throw new RangeError(`a request of ${length} bytes; at most ${limit}`);
  }
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + length);
  writeHeader(bytes, kind, stream, length);
  bytes.write(text, HEADER_BYTES);
  return bytes;
}

/** Header and fd of a `data` frame; the raw bytes follow separately, so that they are not copied. */
export function dataHeader(stream: number, fd: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + 1);
  writeHeader(bytes, Kind.data, stream, 1 + length);
  bytes[HEADER_BYTES] = fd;
  return bytes;
}

export function endFrame(stream: number, fd: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + 1);
  writeHeader(bytes, Kind.end, stream, 1);
  bytes[HEADER_BYTES] = fd;
  return bytes;
}

export function creditFrame(stream: number, fd: number, amount: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + 5);
  writeHeader(bytes, Kind.credit, stream, 5);
  bytes[HEADER_BYTES] = fd;
  bytes.writeUInt32BE(amount, HEADER_BYTES + 1);
  return bytes;
}

export function cancelFrame(stream: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(bytes, Kind.cancel, stream, 0);
  return bytes;
}

/** Always the first frame of a side. */
export const helloFrame: Buffer = jsonFrame(Kind.hello, 0, { generation: GENERATION, features: [] });

function writeHeader(bytes: Buffer, kind: FrameKind, stream: number, payloadLength: number): void {
  bytes.writeUInt32BE(COUNTED_HEADER_BYTES + payloadLength, 0);
  bytes[4] = kind;
  bytes.writeUInt32BE(stream, 5);
}

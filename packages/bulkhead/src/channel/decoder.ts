import { type Bound, boundsOf, LONGEST } from "./bounds.js";
import { COUNTED_HEADER_BYTES, type FrameKind, HEADER_BYTES, Kind, type Side } from "./protocol.js";
import { violation } from "./violation.js";

/** Receives each complete frame. `payload` may be a view of a pushed chunk: copy data to keep it. */
export type FrameHandler = (kind: FrameKind, stream: number, payload: Buffer) => void;

/**
 * Splits a byte stream into frames, however they arrive. Buffers at most one incomplete frame, whose length is checked
 * against its kind before any memory is reserved for it.
 */
export class FrameDecoder {
  readonly #from: Side;
  readonly #handle: FrameHandler;
  /** An incomplete frame: its header so far and, once that is complete, a buffer for the payload. */
  readonly #header = Buffer.allocUnsafeSlow(HEADER_BYTES);
  #payload: Buffer | undefined;
  #filled = 0;

  constructor(from: Side, handle: FrameHandler) {
    this.#from = from;
    this.#handle = handle;
  }

  /** False if a frame is incomplete, so that the stream may not end here. */
  get idle(): boolean {
    return this.#filled === 0;
  }

  /** @throws BulkheadError PROTOCOL_VIOLATION; nothing may be pushed after it. */
  push(chunk: Buffer): void {
    let at = this.#filled === 0 ? 0 : this.#resume(chunk);
    while (chunk.length - at >= HEADER_BYTES) {
      const start = at + HEADER_BYTES;
      const length = this.#checkHeader(chunk, at);
      if (chunk.length - start < length) {
        break;
      }
      this.#emit(chunk, at, chunk.subarray(start, start + length));
      at = start + length;
    }
    if (at < chunk.length) {
      this.#filled = 0;
      this.#resume(at === 0 ? chunk : chunk.subarray(at));
    }
  }

  /** Adds to the incomplete frame, and returns the number of bytes taken from `chunk`. */
  #resume(chunk: Buffer): number {
    let taken = 0;
    if (this.#filled < HEADER_BYTES) {
      taken = chunk.copy(this.#header, this.#filled, 0, HEADER_BYTES - this.#filled);
      this.#filled += taken;
      if (this.#filled < HEADER_BYTES) {
        this.#checkPart();
        return taken;
      }
      this.#payload = Buffer.allocUnsafeSlow(this.#checkHeader(this.#header, 0));
    }
    const payload = this.#payload ?? Buffer.alloc(0);
    const copied = chunk.copy(payload, this.#filled - HEADER_BYTES, taken);
    this.#filled += copied;
    if (this.#filled === HEADER_BYTES + payload.length) {
      this.#filled = 0;
      this.#payload = undefined;
      this.#emit(this.#header, 0, payload);
    }
    return taken + copied;
  }

  /** Refuses a wrong length or kind as soon as it arrives: the rest of the header may never come. */
  #checkPart(): void {
    if (this.#filled >= 4) {
      this.#checkLength(this.#header, 0);
    }
    if (this.#filled > 4) {
      this.#checkKind(this.#header, 0);
    }
  }

  /** Returns the payload's length. */
  #checkHeader(bytes: Buffer, at: number): number {
    const length = this.#checkLength(bytes, at);
    this.#checkKind(bytes, at);
    const stream = bytes.readUInt32BE(at + COUNTED_HEADER_BYTES);
    if ((bytes[at + 4] === Kind.hello) !== (stream === 0)) {
      throw violation("stream");
    }
    return length;
  }

  #checkLength(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at) - COUNTED_HEADER_BYTES;
    if (length < 0 || length > LONGEST[this.#from]) {
      throw violation("length");
    }
    return length;
  }

  #checkKind(bytes: Buffer, at: number): void {
    const length = bytes.readUInt32BE(at) - COUNTED_HEADER_BYTES;
    const bound: Bound = boundsOf(this.#from, bytes[at + 4] ?? 0);
    if (length < bound.least || length > bound.most) {
      throw violation("length");
    }
  }

  #emit(bytes: Buffer, at: number, payload: Buffer): void {
    const kind = bytes[at + 4] as FrameKind;
    const fd = boundsOf(this.#from, kind).fds;
    if (fd !== undefined && !fd.includes(payload[0] ?? -1)) {
      throw violation("fd");
    }
    this.#handle(kind, bytes.readUInt32BE(at + 5), payload);
  }
}

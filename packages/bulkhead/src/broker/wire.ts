import { type JsonObject, parseObject } from "../channel/json.js";
import { MAX_OPENING_BYTES } from "../contract/generated/control-constants.js";
import { BulkheadError } from "../errors/bulkhead-error.js";

/** Messages of `docs/control.md`: `u32` big-endian length, then that many bytes of JSON. */
const HEADER_BYTES = 4;
const MAX_BYTES = { toBroker: MAX_OPENING_BYTES, fromBroker: 262_144 } as const;

/** @throws BulkheadError PLAN_INVALID above what the broker reads. */
export function encodeMessage(json: string): Buffer {
  const length = Buffer.byteLength(json);
  if (length > MAX_BYTES.toBroker) {
    throw new BulkheadError("PLAN_INVALID", { operation: "encode", detail: `${length} bytes` });
  }
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + length);
  bytes.writeUInt32BE(length, 0);
  bytes.write(json, HEADER_BYTES);
  return bytes;
}

/** Splits the broker's bytes into messages, however they arrive. */
export class MessageDecoder {
  readonly #handle: (message: JsonObject) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(handle: (message: JsonObject) => void) {
    this.#handle = handle;
  }

  /** @throws BulkheadError BROKER_LOST when these are not messages of a broker; nothing may be pushed after it. */
  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + bytes.readUInt32BE(0);
      if (end > HEADER_BYTES + MAX_BYTES.fromBroker) {
        throw new BulkheadError("BROKER_LOST", { operation: "decode", detail: "message too long" });
      }
      if (bytes.length < end) {
        break;
      }
      const message = parseObject(bytes.subarray(HEADER_BYTES, end));
      if (message === undefined) {
        throw new BulkheadError("BROKER_LOST", { operation: "decode", detail: "not a JSON object" });
      }
      bytes = bytes.subarray(end);
      this.#handle(message);
    }
    this.#rest = bytes;
  }
}

import { FrameDecoder } from "../../src/channel/decoder.js";
import { parseObject } from "../../src/channel/json.js";
import { readAccept, readConnection, readHello, readResult } from "../../src/channel/messages.js";
import { type FrameKind, Kind, type Side } from "../../src/channel/protocol.js";
import { violation } from "../../src/channel/violation.js";
import type { VectorFrame } from "./vectors.js";

const names = new Map<number, string>(Object.entries(Kind).map(([name, kind]) => [kind, name]));

/**
 * Decodes and checks frames, cut into pieces of the sizes given (the last one for all that remain), as the vectors
 * spell them.
 */
export function decoded(from: Side, bytes: Buffer, sizes: readonly number[], frames: VectorFrame[]): void {
  const decoder = new FrameDecoder(from, (kind, stream, payload) => frames.push(spelled(from, kind, stream, payload)));
  let at = 0;
  for (let piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[Math.min(piece, sizes.length - 1)] ?? bytes.length;
    decoder.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
}

function spelled(from: Side, kind: FrameKind, stream: number, payload: Buffer): VectorFrame {
  const named = { kind: names.get(kind) ?? "", stream };
  switch (kind) {
    case Kind.data:
      return { ...named, fd: payload.readUInt8(0), hex: payload.subarray(1).toString("hex") };
    case Kind.end:
      return { ...named, fd: payload.readUInt8(0) };
    case Kind.credit:
      return { ...named, fd: payload.readUInt8(0), bytes: payload.readUInt32BE(1) };
    case Kind.cancel:
      return named;
    case Kind.hello:
      readHello(payload);
      break;
    case Kind.accept:
      readAccept(payload);
      break;
    case Kind.result:
      readResult(payload);
      break;
    case Kind.request:
      if (from === "init") readConnection(payload);
      else if (parseObject(payload) === undefined) throw violation("json");
      break;
    case Kind.control:
      // The host's own; only init looks into them. That they are objects holds for either side.
      if (from === "host" && parseObject(payload) === undefined) throw violation("json");
  }
  return { ...named, json: parseObject(payload) };
}

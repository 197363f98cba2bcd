import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameDecoder } from "../../src/channel/decoder.js";
import {
  cancelFrame,
  creditFrame,
  dataHeader,
  endFrame,
  frame,
  helloFrame,
  jsonFrame,
} from "../../src/channel/frames.js";
import { Kind } from "../../src/channel/protocol.js";

const stream = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const fdOut = fc.constantFrom(1, 2);

/** Frames that init may send. */
const frames = fc.array(
  fc.oneof(
    fc
      .tuple(stream, fdOut, fc.uint8Array({ minLength: 1, maxLength: 300 }))
      .map(([to, fd, bytes]) => Buffer.concat([dataHeader(to, fd, bytes.length), bytes])),
    fc.tuple(stream, fdOut).map(([to, fd]) => endFrame(to, fd)),
    fc.tuple(stream, fc.integer({ min: 0, max: 2 ** 31 })).map(([to, amount]) => creditFrame(to, 0, amount)),
    fc.tuple(stream, fc.dictionary(fc.string(), fc.integer())).map(([to, value]) => jsonFrame(Kind.result, to, value)),
    fc.constant(helloFrame),
  ),
  { maxLength: 20 },
);
const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 50 });

describe("FrameDecoder", () => {
  it("gives the same frames however they are cut, and encoding them again is the identity", () => {
    fc.assert(
      fc.property(frames, cuts, (sent, sizes) => {
        const bytes = Buffer.concat(sent);
        const again: Buffer[] = [];
        const decoder = new FrameDecoder("init", (kind, to, payload) => again.push(frame(kind, to, payload)));
        feed(decoder, bytes, sizes);
        expect(Buffer.concat(again)).toEqual(bytes);
        expect(decoder.idle).toBe(true);
      }),
    );
  });

  it("takes or refuses any bytes, with the same outcome however they are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (bytes, sizes) => {
        expect(outcome(Buffer.from(bytes), sizes)).toEqual(outcome(Buffer.from(bytes), [bytes.length + 1]));
      }),
      { numRuns: 1000 },
    );
  });

  it("reserves nothing for a frame that is refused at its head", () => {
    const decoder = new FrameDecoder("init", () => undefined);
    const head = Buffer.from([0xff, 0xff, 0xff, 0xff]);
    expect(() => decoder.push(head)).toThrow(expect.objectContaining({ detail: "length" }));
  });

  it("knows an empty payload", () => {
    const kinds: number[] = [];
    const decoder = new FrameDecoder("host", (kind) => kinds.push(kind));
    feed(decoder, Buffer.concat([cancelFrame(1), cancelFrame(3)]), [1]);
    expect(kinds).toEqual([Kind.cancel, Kind.cancel]);
  });
});

function outcome(bytes: Buffer, sizes: readonly number[]): unknown {
  const seen: unknown[] = [];
  const decoder = new FrameDecoder("init", (kind, to, payload) => seen.push([kind, to, payload.toString("hex")]));
  try {
    feed(decoder, bytes, sizes);
    return { seen };
  } catch (error) {
    return { seen, refused: String(error) };
  }
}

/** Pushes `bytes` in pieces of these sizes, over and over. */
function feed(decoder: FrameDecoder, bytes: Buffer, sizes: readonly number[]): void {
  let at = 0;
  for (let piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? 1;
    decoder.push(bytes.subarray(at, at + size));
    at += size;
  }
}

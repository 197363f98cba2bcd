import { describe, expect, it } from "vitest";
import { Channel } from "../../src/channel/channel.js";
import type { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { duplexPair } from "../support/duplex-pair.js";
import { decoded } from "./decoded.js";
import { accepted, refused, type VectorFrame } from "./vectors.js";

/** In one piece, byte by byte, and in pieces that fit no frame. */
/** The header of a `control` for stream 1, but for its length. */
const CONTROL_ON_1 = "0800000001";
const SPLITS = [[1_000_000], [1], [7], [9, 1_000_000], [4, 5, 1_000_000]] as const;

describe("golden vectors", () => {
  it.each(accepted)("accepts: $name", ({ from, hex, frames }) => {
    for (const sizes of SPLITS) {
      const seen: VectorFrame[] = [];
      decoded(from, Buffer.from(hex, "hex"), sizes, seen);
      expect(seen).toEqual(frames);
    }
  });

  // What the host says in `control` is checked where it arrives: in init, by the same vectors.
  const ours = refused.filter(
    ({ layer, from, reason, hex }) =>
      !(from === "host" && reason === "message" && hex.includes(CONTROL_ON_1)) && layer === "frame",
  );

  it.each(ours)("refuses: $name", ({ from, hex, frames, reason }) => {
    for (const sizes of SPLITS) {
      const seen: VectorFrame[] = [];
      expect(() => decoded(from, Buffer.from(hex, "hex"), sizes, seen)).toThrow(
        expect.objectContaining({ code: "PROTOCOL_VIOLATION", detail: reason }),
      );
      expect(seen).toEqual(frames);
    }
  });

  const connections = refused.filter(({ layer, from }) => layer === "connection" && from === "init");

  it.each(connections)("a channel refuses: $name", async ({ hex, reason }) => {
    const [host, init] = duplexPair();
    const ended = new Promise<BulkheadError | undefined>((resolve) => new Channel(host, resolve));
    init.write(Buffer.from(hex, "hex"));
    expect(await ended).toMatchObject({ code: "PROTOCOL_VIOLATION", detail: reason });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteQueue } from "../../src/channel/byte-queue.js";

const WINDOW = 262_144;

describe("ByteQueue", () => {
  it("gives what was put in, in order, however both are cut", () => {
    const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 6000 }), fc.constant("shift" as const)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (todo) => {
        const queue = new ByteQueue();
        const into: Uint8Array[] = [];
        const out: Buffer[] = [];
        for (const step of todo) {
          if (step === "shift") {
            out.push(queue.shift() ?? Buffer.alloc(0));
          } else {
            into.push(step);
            queue.push(Buffer.from(step));
          }
          expect(queue.length).toBe(total(into) - total(out));
        }
        out.push(queue.takeAll());
        expect(Buffer.concat(out)).toEqual(Buffer.concat(into));
        expect(queue.length).toBe(0);
      }),
    );
  });

  // The attack: one byte of credit is used for each of them, and each is a view of a 64 KiB chunk full of other frames.
  it("keeps no large chunk alive for a window of single bytes", () => {
    const queue = new ByteQueue();
    const kept = new Set<ArrayBufferLike>();
    for (let sent = 0; sent < WINDOW; sent += 1) {
      queue.push((sent % 4096 === 0 ? Buffer.alloc(65_536) : CHUNK).subarray(0, 1));
    }
    let pieces = 0;
    for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
      kept.add(chunk.buffer);
      pieces += 1;
    }
    const bytes = [...kept].reduce((sum, buffer) => sum + buffer.byteLength, 0);
    expect(bytes).toBeLessThanOrEqual(2 * WINDOW);
    expect(pieces).toBeLessThan(100);
  });

  it("does not copy a chunk that it mostly fills", () => {
    const queue = new ByteQueue();
    const chunk = Buffer.alloc(65_536);
    queue.push(chunk.subarray(10));
    expect(queue.shift()?.buffer).toBe(chunk.buffer);
  });
});

const CHUNK = Buffer.alloc(65_536);

function total(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partsOf, solidBytes } from "../../src/session/host-files/sparse.js";

const PAGE = 4096;
const page = (fill: number) => Buffer.alloc(PAGE, fill);

describe("holes in what is written back", () => {
  it("are whole pages of zeros", () => {
    const chunk = Buffer.concat([page(0), page(1), page(2), page(0), Buffer.from([0, 0, 7])]);
    expect([...partsOf(chunk)].map(({ offset, bytes }) => [offset, bytes.length])).toEqual([
      [PAGE, 2 * PAGE],
      [4 * PAGE, 3],
    ]);
    expect(solidBytes(chunk)).toBe(2 * PAGE + 3);
  });

  it("lose nothing", () => {
    const chunks = fc.array(fc.record({ fill: fc.integer({ min: 0, max: 2 }), length: fc.constantFrom(1, 100, PAGE) }));
    void fc.assert(
      fc.property(chunks, (pieces) => {
        const chunk = Buffer.concat(pieces.map(({ fill, length }) => Buffer.alloc(length, fill)));
        const back = Buffer.alloc(chunk.length);
        for (const { offset, bytes } of partsOf(chunk)) bytes.copy(back, offset);
        expect(back.equals(chunk)).toBe(true);
      }),
    );
  });
});

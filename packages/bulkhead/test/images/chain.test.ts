import { describe, expect, it } from "vitest";
import { chainKey, layerKeys } from "../../src/images/reference/chain.js";
import { type Digest, digestOf } from "../../src/images/reference/digest.js";

const [a, b, c] = ["a", "b", "c"].map((text) => ({ digest: digestOf(text) })) as [Layer, Layer, Layer];

interface Layer {
  readonly digest: Digest;
}

describe("layerKeys", () => {
  it("are the same wherever a layer is, but at the bottom", () => {
    const [lowest, upper] = layerKeys([a, b]);
    expect(lowest).toMatch(/^[0-9a-f]{64}$/);
    expect(layerKeys([a, c, b])).toEqual([lowest, layerKeys([b, c])[1], upper]);
    expect(layerKeys([b])).not.toContain(upper);
  });
});

describe("chainKey", () => {
  it("is a file name, the same for the same layers", () => {
    expect(chainKey([a, b])).toMatch(/^[0-9a-f]{64}$/);
    expect(chainKey([a, b])).toBe(chainKey([a, b]));
  });

  it("differs by order, number and content of the layers", () => {
    const keys = [[], [a], [b], [a, b], [b, a], [a, a], [a, b, c]].map(chainKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

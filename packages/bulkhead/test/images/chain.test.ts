import { describe, expect, it } from "vitest";
import { chainKey } from "../../src/images/reference/chain.js";
import { digestOf } from "../../src/images/reference/digest.js";

const [a, b, c] = [digestOf("a"), digestOf("b"), digestOf("c")];

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

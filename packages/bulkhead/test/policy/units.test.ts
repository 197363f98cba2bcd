import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatSize, parseDuration, parseSize } from "../../src/policy/units.js";

describe("parseSize", () => {
  it.each([
    ["64MiB", 67_108_864],
    ["64M", 67_108_864],
    ["64 mb", 64_000_000],
    ["1.5GiB", 1_610_612_736],
    ["512", 512],
    [4096, 4096],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(["", "MiB", "-1", "0", "1e9", "64XiB", "0x10", "١", "9999999999999999TiB", 0, -1, 0.5, Number.NaN])(
    "refuses %s",
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );

  it("reads back what formatSize writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
        expect(parseSize(formatSize(bytes).replace(" bytes", ""))).toBe(bytes);
      }),
    );
  });
});

describe("parseDuration", () => {
  it.each([
    ["30s", 30_000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    [1500, 1500],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["30", "s", "-1s", "0s", "1 year", 0, Number.POSITIVE_INFINITY])("refuses %s", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../../src/images/registry/auth/challenge.js";
import { retryAfterMs } from "../../../src/images/registry/http/retry.js";

const plain = (header: string | undefined) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, { ...parameters }]);

describe("parseChallenges", () => {
  it.each([
    [undefined, []],
    ["", []],
    ["Basic", [["basic", {}]]],
    ['Basic realm="a, b=c"', [["basic", { realm: "a, b=c" }]]],
    [
      'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
      [["bearer", { realm: "https://auth.example/token", service: "registry", scope: "repository:a/b:pull,push" }]],
    ],
    ["Bearer REALM=x , service = y", [["bearer", { realm: "x", service: "y" }]]],
    [
      'Negotiate, Basic realm="x"',
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    ['Basic realm="\\"quoted\\" \\\\"', [["basic", { realm: '"quoted" \\' }]]],
    // The first of two, and nothing after it.
    ['Bearer realm="a",realm="b",service="c"', [["bearer", { realm: "a" }]]],
    ['Bearer realm="a', [["bearer", {}]]],
    ["Bearer __proto__=x", [["bearer", JSON.parse('{"__proto__":"x"}')]]],
    ['realm="a"', []],
    ["x".repeat(5000), []],
  ])("%j", (header, expected) => {
    expect(plain(header)).toEqual(expected);
  });

  it("takes any text, and in time", () => {
    const pieces = fc.array(fc.constantFrom("Bearer", "realm", "=", '"', ",", " ", "\\", "a", "é", "\t"), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((parts) => parts.join("")),
        ),
        (header) => {
          expect(Array.isArray(parseChallenges(header))).toBe(true);
        },
      ),
    );
  });
});

describe("retryAfterMs", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  it.each([
    [undefined, undefined],
    ["7", 7000],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:00:05 GMT", 5000],
    ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
    ["soon", undefined],
    ["31536000", 31_536_000_000],
    ["99999999999999", 99_999_999_999_999_000],
    ["9".repeat(400), 1e17],
    ["Thursday, 01-Jan-26 00:00:05 GMT", 5000],
    ["Thu Jan  1 00:00:05 2026 GMT", 5000],
    ["Fri, 99 Foo 2026", undefined],
    ["-5", undefined],
    ["-31536000", undefined],
    ["1e9", undefined],
    ["1.5", undefined],
    ["2026", 2_026_000],
    ["2027-01-01", undefined],
    ["", undefined],
  ])("%s is %s", (value, expected) => {
    expect(retryAfterMs(value, now)).toBe(expected);
  });
});

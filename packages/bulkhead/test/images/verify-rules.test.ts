import { describe, expect, it } from "vitest";
import { parseImageName } from "../../src/images/reference/name.js";
import { pattern, requireNoRule, ruleFor } from "../../src/images/signatures/rules.js";
import { parsePolicy } from "../../src/policy/parse.js";

const rules = (...matches: readonly string[]) =>
  parsePolicy({ images: { verify: matches.map((match) => ({ match, key: `/${match.length}.pub` })) } }).verify;

describe("rules about signatures", () => {
  it.each([
    ["python", "python:3.13", true],
    ["docker.io/library/python", "python", true],
    ["python", "evil/python", false],
    ["ghcr.io/team/*", "ghcr.io/team/tool/part:v1", true],
    ["ghcr.io/team/*", "ghcr.io/teams/tool", false],
    ["ghcr.io/team/*", "ghcr-io/team/tool", false],
    ["localhost:5000/*", "localhost:5000/tool", true],
    ["localhost:5000/*", "localhost:50001/tool", false],
    ["*", "anything", true],
  ])("%s covers %s: %s", (match, name, covered) => {
    const find = () => ruleFor(rules(match), parseImageName(name));
    if (covered) expect(find()).toMatchObject({ match });
    else expect(find).toThrow(expect.objectContaining({ code: "SIGNATURE_RULE_MISSING" }));
  });

  it("take the first that covers a name", () => {
    expect(ruleFor(rules("a/b", "a/*"), parseImageName("a/b"))?.match).toBe("a/b");
    expect(ruleFor(rules("*", "a/b"), parseImageName("a/b"))?.match).toBe("*");
  });

  it("are none where the policy has none", () => {
    expect(ruleFor(parsePolicy({}).verify, parseImageName("python"))).toBeUndefined();
    expect(() => requireNoRule(null, "oci:/layout")).not.toThrow();
  });

  it("take a name for itself, and only * for a pattern", () => {
    expect(pattern("a.b*").test("axb")).toBe(false);
    expect(pattern("a+(b)*[c]").test("a+(b) anything [c]")).toBe(true);
    expect(pattern("a*b").test("a\nb")).toBe(true);
    expect(pattern("b").test("abc")).toBe(false);
  });

  it("are refused when they say nothing or too much", () => {
    const key = "cosign.pub";
    const keyless = { identity: "a", issuer: "b", trustedRoot: "c" };
    for (const rule of [
      { match: "*" },
      { key },
      { match: "*", key, keyless },
      { match: "a b", key },
      { match: "*", unsigned: false },
    ]) {
      expect(() => parsePolicy({ images: { verify: [rule] } })).toThrow(
        expect.objectContaining({ code: "POLICY_INVALID" }),
      );
    }
  });
});

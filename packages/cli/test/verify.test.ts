import type { Policy } from "bulkhead";
import { describe, expect, it } from "vitest";
import { rulesFrom } from "../src/images/verify.js";
import { mergeFlags } from "../src/policy/merge.js";

describe("flags about signatures", () => {
  it("name keys or an identity", async () => {
    expect(await rulesFrom({ verifyKey: ["a.pub", "b.pub"] })).toEqual([{ match: "*", key: ["a.pub", "b.pub"] }]);
    const keyless = { identity: "me@example.org", issuer: "https://issuer.example", trustedRoot: "root.json" };
    expect(await rulesFrom(keyless)).toEqual([{ match: "*", keyless }]);
  });

  it.each([{}, { identity: "me" }, { verifyKey: ["a.pub"], identity: "me" }])("are refused: %j", async (flags) => {
    await expect(rulesFrom(flags)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("stand in place of what a policy says", () => {
    const policy: Policy = { images: { verify: [{ match: "*", unsigned: true }] } };
    expect(mergeFlags(policy, {}).images).toEqual(policy.images);
    expect(mergeFlags(policy, { verifyKey: ["a.pub"] }).images).toEqual({ verify: [{ match: "*", key: ["a.pub"] }] });
  });
});

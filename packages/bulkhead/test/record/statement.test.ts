import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/policy/schema.js";
import { subjectsOf } from "../../src/record/statement.js";
import { compiled } from "../plan/compile-support.js";

describe("the digest of a policy", () => {
  const { plan } = compiled({});
  const digest = (policy: Policy) =>
    subjectsOf({ plan, policy, argv: [], imageDigest: null, wardenDigest: null }).find(({ name }) => name === "policy");

  it("tells policies apart, but not by the values of their secrets", () => {
    const policy = (value: string, host = "api.example.org"): Policy => ({
      network: { allow: [host] },
      secrets: { API_KEY: { hosts: [host], value } },
    });
    expect(digest(policy("one that is guessed"))).toEqual(digest(policy("one that is not")));
    expect(digest(policy("one", "other.example.org"))).not.toEqual(digest(policy("one")));
    expect(digest({})).not.toEqual(digest(policy("one")));
  });
});

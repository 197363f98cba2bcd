import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPolicy, FIELD_NAMES, policySchema } from "../../src/policy/schema.js";

/** Values that some field takes, and that others refuse. */
const value = fc.oneof(
  fc.constantFrom<unknown>("base", "container", "64MiB", "/work", "none", "CHOWN", "1000:1000", true, null, undefined),
  fc.integer(),
  fc.constantFrom<unknown>({ min: "chroot" }, { memory: "1GiB" }, { memory: 1 }, { allow: [] }, { A: "b" }, { "=": 1 }),
  fc.constantFrom<unknown>(
    [],
    ["seccomp"],
    [{ host: "a", at: "/b" }],
    [{ tmpfs: "/tmp", size: "1MiB" }],
    [{ host: 1 }],
  ),
);

describe("a policy checked by the fields that it has", () => {
  it("is judged as by the schema of all fields, problem by problem", () => {
    const fields = fc.dictionary(fc.constantFrom<string>(...FIELD_NAMES, "memory", "Root", "constructor"), value);
    fc.assert(
      fc.property(fields, (policy) => {
        const [found, expected] = [checkPolicy(policy), policySchema().safeParse(policy)];
        expect(found.data).toEqual(expected.data);
        expect(found.error?.issues).toEqual(expected.error?.issues);
      }),
    );
  });

  it.each([null, undefined, 1, "container", [], [1], () => undefined])("is judged so too if it is %j", (policy) => {
    expect(checkPolicy(policy).error?.issues).toEqual(policySchema().safeParse(policy).error?.issues);
  });

  it("has its fields also where they are inherited", () => {
    expect(checkPolicy(Object.create({ level: "none" })).success).toBe(false);
  });
});

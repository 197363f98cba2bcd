import { describe, expect, it } from "vitest";
import { isFacts } from "../../src/broker/facts.js";
import { FULL_FACTS } from "../support/facts.js";

const { kernel: _, ...withoutKernel } = FULL_FACTS;

describe("facts", () => {
  it("are what a broker of this version sends", () => {
    expect(isFacts(FULL_FACTS)).toBe(true);
    expect(isFacts({ ...FULL_FACTS, cgroup: { ...FULL_FACTS.cgroup, layout: "none", version: 0, parent: null } })).toBe(
      true,
    );
  });

  it.each([
    ["one is missing", withoutKernel],
    ["one is unknown", { ...FULL_FACTS, more: 1 }],
    ["one is unknown further in", { ...FULL_FACTS, userns: { ...FULL_FACTS.userns, more: 1 } }],
    ["a uid is none", { ...FULL_FACTS, uid: -1 }],
    ["a number is text", { ...FULL_FACTS, landlockAbi: "4" }],
    ["a text is endless", { ...FULL_FACTS, kernel: "6".repeat(4097) }],
    ["a list is endless", { ...FULL_FACTS, namespaces: Array(65).fill("pid") }],
    ["a list holds other things", { ...FULL_FACTS, namespaces: [1] }],
    ["a layout is unknown", { ...FULL_FACTS, cgroup: { ...FULL_FACTS.cgroup, layout: "v3" } }],
    ["they are a list", [FULL_FACTS]],
    ["they are not there", undefined],
  ])("are refused where %s", (_name, facts) => {
    expect(isFacts(facts)).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { changedEnforcement, changedFields } from "../../src/enforcement/against.js";
import { cannot, type EnforcementTable, enforced, type Verdict } from "../../src/enforcement/enforcement.js";
import { PURPOSES } from "../../src/enforcement/purposes.js";
import { PROTECTIONS } from "../../src/policy/protections.js";

function table(seccomp: Verdict): EnforcementTable {
  return { level: "container", weakPoint: "", protections: [{ protection: "seccomp", ...seccomp }] };
}

describe("two tables", () => {
  it.each([
    [cannot("none", "Boot another."), enforced("profile default"), "stronger"],
    [enforced("profile default"), cannot("none", "Boot another."), "weaker"],
    [enforced("profile default"), enforced("profile strict"), "same"],
  ] as const)("%j, then %j: %s", (before, after, change) => {
    expect(changedEnforcement(table(before), table(after))).toMatchObject([{ protection: "seccomp", change }]);
  });

  it("that say the same differ in nothing", () => {
    expect(changedEnforcement(table(enforced("x")), table(enforced("x")))).toEqual([]);
  });
});

describe("two plans", () => {
  it("differ in fields, and lists as a whole", () => {
    const before = { level: "chroot", limits: { pids: 64, milliCpus: 1000 }, namespaces: ["mount"] };
    const after = {
      level: "chroot",
      limits: { pids: 32, milliCpus: 1000 },
      namespaces: ["mount", "user"],
      inner: null,
    };
    expect(changedFields(before, after)).toEqual([
      { field: "limits.pids", before: "64", after: "32" },
      { field: "namespaces", before: '["mount"]', after: '["mount","user"]' },
      { field: "inner", before: null, after: "null" },
    ]);
  });
});

it("every protection has an explanation", () => {
  expect(Object.keys(PURPOSES)).toEqual([...PROTECTIONS]);
});

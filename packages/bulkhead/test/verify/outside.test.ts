import { describe, expect, it } from "vitest";
import { TRACED } from "../../src/contract/generated/control-constants.js";
import type { BrokerVerdict } from "../../src/evidence/observed.js";
import type { Protection } from "../../src/policy/protections.js";
import { ofJail, ofSandbox } from "../../src/verify/outside.js";
import { compiled } from "../plan/compile-support.js";
import { evidenceWith } from "../support/evidence.js";

const { plan, enforcement } = compiled({});
const ALL_SEEN: BrokerVerdict = { inForce: TRACED, contradicted: [] };

function without(protection: Protection): BrokerVerdict {
  return { inForce: TRACED.filter((one) => one !== protection), contradicted: [] };
}

describe("a jail, as the broker sees it", () => {
  const jail = { cgroup: { version: 2, controllers: ["memory", "pids"] } } as const;

  function failed(verdict: BrokerVerdict): readonly Protection[] {
    const results = ofJail({ enforcement }, jail, evidenceWith(verdict));
    return results.flatMap(({ protection, status }) => (status === "failed" ? [protection] : []));
  }

  it("is one", () => {
    expect(failed(ALL_SEEN)).toEqual([]);
  });

  it.each([
    "uid-range",
    "no-new-privs",
    "seccomp",
    "namespace.user",
    "namespace.mount",
    "namespace.pid",
    "namespace.ipc",
    "namespace.net",
    "namespace.uts",
    "read-only-root",
    "cgroup.memory",
    "cgroup.pids",
  ] as const)("is none without %s", (protection) => {
    expect(failed(without(protection))).toEqual([protection]);
  });

  it("needs nothing that its host lacks", () => {
    const weaker = { protections: enforcement.protections.filter(({ protection }) => protection !== "uid-range") };
    const bare = { cgroup: { version: 0, controllers: [] } } as const;
    const results = ofJail({ enforcement: { ...enforcement, ...weaker } }, bare, evidenceWith(ALL_SEEN));
    const names = results.map(({ protection }) => protection);
    for (const absent of ["uid-range", "cgroup.memory", "cgroup.pids"]) expect(names).not.toContain(absent);
    expect(names.length).toBeGreaterThan(5);
  });
});

describe("a sandbox, as the broker sees it", () => {
  function failed(evidence = evidenceWith(ALL_SEEN)): readonly Protection[] {
    const results = ofSandbox({ enforcement, plan }, evidence);
    return results.flatMap(({ protection, status }) => (status === "failed" ? [protection] : []));
  }

  it("has what its table claims", () => {
    const claimed = enforcement.protections.filter(({ status }) => status === "enforced");
    expect(ofSandbox({ enforcement, plan }, evidenceWith(ALL_SEEN))).toHaveLength(claimed.length);
    expect(failed()).toEqual([]);
  });

  it("fails a claim that the broker did not see", () => {
    expect(failed(evidenceWith(without("seccomp")))).toEqual(["seccomp"]);
  });

  it("fails a line whose number is not the one in force", () => {
    const evidence = evidenceWith(ALL_SEEN);
    expect(failed({ ...evidence, landlock: { abi: 1 } })).toEqual(["landlock"]);
    expect(failed({ ...evidence, cgroup: { ...evidence.cgroup, memoryMax: 1e12 } })).toEqual(["cgroup.memory"]);
  });
});

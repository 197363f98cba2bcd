import { describe, expect, it } from "vitest";
import { confirm } from "../../src/enforcement/confirm.js";
import type { Evidence } from "../../src/evidence/observed.js";
import type { Protection } from "../../src/policy/protections.js";
import { compiled } from "../plan/compile-support.js";
import { hostWith } from "../support/facts.js";

const NOTHING = { permitted: "0", effective: "0", bounding: "0", ambient: "0" } as const;
const { plan, enforcement } = compiled({});

const seen: Evidence = {
  init: {
    pid: 100,
    uid: [1_879_113_727, 1_879_113_727, 1_879_113_727, 1_879_113_727],
    gid: [1, 1, 1, 1],
    capabilities: { permitted: "1e0", effective: "1e0", bounding: "1e0", ambient: "1e0" },
    noNewPrivs: true,
    seccomp: 2,
    seccompFilters: 1,
    namespaces: { mnt: "own", pid: "own", ipc: "own", net: "own", user: "own", uts: "own", cgroup: "own" },
    lsm: null,
  },
  cgroup: { version: 2, memoryMax: 536_870_912, pidsMax: 66, cpuMax: 1000 },
  landlock: { abi: 6 },
  mounts: { rootReadOnly: true, count: 30 },
};

function status(evidence: Evidence, protection: Protection) {
  return confirm(enforcement, plan, evidence).protections.find((line) => line.protection === protection)?.status;
}

describe("confirm", () => {
  it("changes nothing when the evidence agrees", () => {
    expect(confirm(enforcement, plan, seen)).toEqual(enforcement);
  });

  it.each<[Protection, Evidence]>([
    ["seccomp", { ...seen, init: { ...seen.init, seccomp: 0 } }],
    ["no-new-privs", { ...seen, init: { ...seen.init, noNewPrivs: false } }],
    ["uid-range", { ...seen, init: { ...seen.init, uid: [0, 0, 0, 0] } }],
    ["namespace.pid", { ...seen, init: { ...seen.init, namespaces: { ...seen.init.namespaces, pid: "host" } } }],
    ["network", { ...seen, init: { ...seen.init, namespaces: { ...seen.init.namespaces, net: "host" } } }],
    ["landlock", { ...seen, landlock: null }],
    ["cgroup.memory", { ...seen, cgroup: { ...seen.cgroup, memoryMax: null } }],
    ["cgroup.memory", { ...seen, cgroup: { ...seen.cgroup, memoryMax: 1e12 } }],
    ["read-only-root", { ...seen, mounts: { rootReadOnly: false, count: 1 } }],
  ])("does not call %s enforced when the broker saw otherwise", (protection, evidence) => {
    expect(status(evidence, protection)).toBe("cannot");
  });

  it.each([
    ["the very label", "system_u:system_r:container_t:s0", "enforced"],
    ["another", "system_u:system_r:unconfined_t:s0", "cannot"],
    ["one that begins so", "system_u:system_r:container_t:s0:c1", "cannot"],
    ["none", null, "cannot"],
  ])("calls SELinux enforced only with %s", (_what, lsm, expected) => {
    const policy = { selinux: "system_u:system_r:container_t:s0" };
    const labelled = compiled(policy, { host: hostWith({ selinux: true }) });
    const now = confirm(labelled.enforcement, labelled.plan, { ...seen, init: { ...seen.init, lsm } });
    expect(now.protections.find(({ protection }) => protection === "selinux")?.status).toBe(expected);
  });

  it("looks for capabilities in the workload, not in an init that switches users", () => {
    const workload = { ...seen.init, pid: 101, uid: [5, 5, 5, 5], capabilities: NOTHING };
    expect(status({ ...seen, processes: [seen.init, workload] }, "capabilities")).toBe("enforced");
    const holding = { ...workload, capabilities: seen.init.capabilities };
    expect(status({ ...seen, processes: [seen.init, holding] }, "capabilities")).toBe("cannot");
  });
});

import { describe, expect, it } from "vitest";
import { jailLooks } from "../../src/enforcement/jail.js";
import type { Evidence } from "../../src/evidence/observed.js";

const none = { permitted: "0", effective: "0", bounding: "0", ambient: "0" };
const own = { mount: "own", pid: "own", ipc: "own", net: "own", user: "own", uts: "own", cgroup: "own" } as const;
const init = {
  pid: 7,
  uid: [524288, 524288, 524288, 524288],
  gid: [524288, 524288, 524288, 524288],
  capabilities: none,
  noNewPrivs: true,
  seccomp: 2,
  seccompFilters: 1,
  namespaces: own,
  lsm: null,
} as const;
const jail: Evidence = {
  init,
  cgroup: { version: 2, memoryMax: 1 << 28, pidsMax: 65, cpuMax: 1000 },
  landlock: null,
  mounts: { rootReadOnly: true, count: 12 },
};

const asked = { controllers: ["memory", "pids"], uidRange: true };

function lost(evidence: Evidence): readonly string[] {
  return jailLooks(evidence, asked).flatMap(({ protection, held }) => (held ? [] : [protection]));
}

describe("a jail, as the broker sees it", () => {
  it("is one", () => {
    expect(lost(jail)).toEqual([]);
  });

  it.each<[string, Evidence]>([
    ["uid-range", { ...jail, init: { ...init, uid: [0, 0, 0, 0] } }],
    ["uid-range", { ...jail, init: { ...init, uid: [1000, 1000, 1000, 1000] } }],
    ["no-new-privs", { ...jail, init: { ...init, noNewPrivs: false } }],
    ["seccomp", { ...jail, init: { ...init, seccomp: 0 } }],
    ["namespace.net", { ...jail, init: { ...init, namespaces: { ...own, net: "host" } } }],
    ["namespace.user", { ...jail, init: { ...init, namespaces: { ...own, user: "host" } } }],
    ["namespace.mount", { ...jail, init: { ...init, namespaces: { ...own, mount: "host" } } }],
    ["read-only-root", { ...jail, mounts: { rootReadOnly: false, count: 12 } }],
    ["cgroup.memory", { ...jail, cgroup: { ...jail.cgroup, memoryMax: null } }],
    ["cgroup.memory", { ...jail, cgroup: { version: 0, memoryMax: null, pidsMax: 65, cpuMax: null } }],
    ["cgroup.pids", { ...jail, cgroup: { ...jail.cgroup, pidsMax: null } }],
  ])("is none without %s", (protection, evidence) => {
    expect(lost(evidence)).toEqual([protection]);
  });

  it("is not looked at for what this host was not asked for", () => {
    const bare = { ...jail, cgroup: { version: 0, memoryMax: null, pidsMax: null, cpuMax: null } } as const;
    const looks = jailLooks(bare, { controllers: [], uidRange: false });
    expect(looks.every(({ held }) => held)).toBe(true);
    for (const { protection } of looks) expect(["uid-range", "cgroup.memory", "cgroup.pids"]).not.toContain(protection);
  });
});

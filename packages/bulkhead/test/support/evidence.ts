import type { BrokerVerdict, Evidence } from "../../src/evidence/observed.js";

/** Evidence with this verdict, and facts that agree with a default policy. */
export function evidenceWith(verdict: BrokerVerdict): Evidence {
  const id = 1_879_113_727;
  return {
    verdict,
    init: {
      pid: 100,
      uid: [id, id, id, id],
      gid: [id, id, id, id],
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
}

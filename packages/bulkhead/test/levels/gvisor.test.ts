import { describe, expect, it } from "vitest";
import type { Counting } from "../../src/host/report.js";
import type { WorkingRunsc } from "../../src/levels/gvisor/found.js";
import { hostPlan } from "../../src/levels/gvisor/host-plan.js";
import { compiled } from "../plan/compile-support.js";
import { hostWith } from "../support/facts.js";

const found: WorkingRunsc = {
  path: "/opt/runsc",
  version: "runsc version test",
  platform: "systrap",
  directfs: true,
  counting: "cgroup2",
};

function gvisor(counting?: Counting) {
  const host = { ...hostWith(), tried: { gvisor: [] }, ...(counting === undefined ? {} : { counting }) };
  return compiled({ level: "gvisor", resources: { pids: 20 } }, { host });
}

/** The jail's command, and what init and runsc are told. */
function told(counting: Counting) {
  const plan = hostPlan(gvisor(counting).plan, { ...found, counting }, "/opt/warden");
  const file = (end: string): unknown => {
    const mount = plan.mounts.find(({ kind, at }) => kind === "file" && at.endsWith(end));
    return mount?.kind === "file" ? JSON.parse(mount.content) : undefined;
  };
  const argv = plan.payload.kind === "program" ? plan.payload.argv : [];
  return { argv, inner: file("/inner.json"), config: file("/config.json") };
}

describe("the jail of runsc", () => {
  it("has an empty root, no network, and nothing of the host but runsc, init and the workload's tree", () => {
    const { root, namespaces, mounts, seccomp, capabilities } = hostPlan(gvisor("cgroup2").plan, found, "/opt/warden");
    expect(root).toMatchObject({ source: { kind: "empty" }, readOnly: true });
    expect(namespaces).toEqual(expect.arrayContaining(["mount", "pid", "ipc", "net", "user", "uts"]));
    expect(seccomp.profile).toBe("sentry");
    expect(capabilities).not.toContain("SYS_MODULE");
    const fromHost = mounts.flatMap((mount) => (mount.kind === "bind" ? [mount] : []));
    expect(fromHost.filter(({ readOnly }) => !readOnly)).toEqual([]);
    const own = ["/opt/runsc", "/opt/warden"];
    expect(fromHost.filter(({ source, at }) => !own.includes(source) && !/^\/(rootfs|mounts)\//.test(at))).toEqual([]);
    expect(mounts.filter(({ kind }) => kind === "device")).toEqual([]);
  });
});

describe("the number of processes at level gvisor", () => {
  it.each<Counting>(["cgroup2", "cgroup", "rlimit"])(
    "init learns how %s counts, and RLIMIT_NPROC is set",
    (counting) => {
      const { argv, inner, config } = told(counting);
      expect(argv.includes("--in-sandbox-cgroup=v2")).toBe(counting === "cgroup2");
      expect(inner).toMatchObject({ sentry: { pids: 20, counting } });
      const rlimits = expect.arrayContaining([{ type: "RLIMIT_NPROC", soft: 20, hard: 20 }]);
      expect(config).toMatchObject({ process: { rlimits } });
    },
  );

  it.each<[Counting | undefined, string]>([
    ["cgroup2", "enforced"],
    ["cgroup", "enforced"],
    ["rlimit", "weaker"],
    [undefined, "weaker"],
  ])("counted by %s it is %s", (counting, status) => {
    const { protections } = gvisor(counting).enforcement;
    expect(protections.find(({ protection }) => protection === "cgroup.pids")?.status).toBe(status);
  });
});

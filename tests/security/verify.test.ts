import type { Level, Plan } from "bulkhead";
import { type Verification, verifyLevel } from "bulkhead/verify";
import { describe, expect, test } from "vitest";
import { verifyWith } from "../../packages/bulkhead/src/verify/verify.js";
import { junit } from "../../packages/cli/src/verify/junit.js";
import { createChanged } from "../support/changed-plan.js";
import { forEachLevel } from "../support/levels.js";

type Change = (plan: Plan) => Plan;

function failures({ attempts }: Verification): readonly string[] {
  return attempts.filter(({ status }) => status === "failed").map(({ title, detail }) => `${title}: ${detail}`);
}

await forEachLevel((level) => {
  test("everything that is claimed holds", async () => {
    const verification = await verifyLevel(level);
    expect(failures(verification)).toEqual([]);
    expect(verification.passed).toBe(true);
    expect(verification.attempts.filter((attempt) => attempt.class !== "evidence").length).toBeGreaterThanOrEqual(100);
    const classes = new Set(verification.attempts.map((attempt) => attempt.class));
    expect(classes.size).toBe(9);
    const xml = junit([verification]);
    expect(xml).toContain(`tests="${verification.attempts.length}" failures="0"`);
  });
});

const ALL = { default: "allow", rules: [], log: false } as const;

/** What is done to a plan behind the back of its table, and some of what must be noticed. */
const WEAKENINGS: readonly (readonly [string, Level, Change, RegExp])[] = [
  [
    "a filter that allows all but the floor",
    "container",
    (plan) => withProfile(plan, ALL),
    /userfaultfd|perf_event_open/,
  ],
  [
    "a filter that allows one call more",
    "container",
    (plan) =>
      withProfile(plan, {
        default: "allow",
        rules: [{ names: ["userfaultfd", "perf_event_open", "process_vm_readv"], action: { errno: 1 }, args: [] }],
        log: false,
      }),
    /ptrace/,
  ],
  ["no Landlock", "container", (plan) => ({ ...plan, landlock: null }), /the broker sees landlock/],
  ["no list of what may be read", "container", (plan) => withLandlock(plan, { access: null }), /read what the policy/],
  ["no list of TCP ports", "container", (plan) => withLandlock(plan, { tcp: null }), /listen on any TCP port/],
  ["more to be written than is said", "container", withMoreWritable, /write where the policy does not say/],
  [
    "an older Landlock than is claimed",
    "container",
    (plan) => withLandlock(plan, { abi: 1, tcp: null }),
    /the broker sees landlock/,
  ],
  ["a capability", "container", (plan) => ({ ...plan, capabilities: ["DAC_OVERRIDE"] }), /a capability in any set/],
  ["changing users", "container", (plan) => ({ ...plan, capabilities: ["SETUID", "SETGID"] }), /become root/],
  ["no user namespace", "container", withoutUserNamespace, /the broker sees namespace.user/],
  ["the host's name", "container", withoutUserNamespace, /the broker sees namespace.uts/],
  ["a writable root", "container", withWritableRoot, /create in the root|the broker sees read-only-root/],
  ["nothing covered in /proc", "container", (plan) => withoutMounts(plan, "mask"), /read \/proc\/interrupts/],
  ["a host directory too much", "container", withSecrets, /the secret/],
  ["more processes", "container", (plan) => withLimits(plan, { pids: 4096 }), /more threads/],
  [
    "a few more processes",
    "container",
    (plan) => withLimits(plan, { pids: Math.max(plan.limits.pids, 24) }),
    /more threads/,
  ],
  ["more memory", "container", (plan) => withLimits(plan, { memoryBytes: 160 << 20 }), /more memory/],
  ["a little more memory", "container", (plan) => withLimits(plan, { memoryBytes: 66 << 20 }), /more memory/],
  ["more open files", "container", (plan) => withLimits(plan, { openFiles: 4096 }), /more descriptors/],
  ["a few more open files", "container", (plan) => withLimits(plan, { openFiles: 80 }), /more descriptors/],
  ["a larger disk", "container", (plan) => withLargerDisk(plan, 48), /more disk/],
  ["a slightly larger disk", "container", (plan) => withLargerDisk(plan, 10), /more disk/],
  ["no control group for memory and time", "container", withoutCgroup, /the broker sees cgroup/],
  ["the host's network", "chroot", withHostNetwork, /an interface|the broker sees network/],
];

describe.skipIf(process.getuid?.() !== 0)("each weakening is noticed", () => {
  test.each(WEAKENINGS)("%s", async (_what, level, change, expected) => {
    const verification = await verifyWith(level, {}, (policy) => createChanged(policy, change));
    expect(verification.passed).toBe(false);
    expect(failures(verification).join("\n")).toMatch(expected);
  });
});

function withProfile(plan: Plan, profile: Plan["seccomp"]["profile"]): Plan {
  return { ...plan, seccomp: { ...plan.seccomp, profile } };
}

function withLandlock(plan: Plan, changed: Partial<NonNullable<Plan["landlock"]>>): Plan {
  return plan.landlock === null ? plan : { ...plan, landlock: { ...plan.landlock, ...changed } };
}

function withMoreWritable(plan: Plan): Plan {
  return withLandlock(plan, { writable: [...new Set([...(plan.landlock?.writable ?? []), "/dev/shm"])] });
}

/** What level chroot makes of it. */
function withoutUserNamespace(plan: Plan): Plan {
  const namespaces = plan.namespaces.filter((name) => !["user", "uts", "cgroup"].includes(name));
  return { ...plan, level: "chroot", namespaces };
}

function withWritableRoot(plan: Plan): Plan {
  const overlay = plan.root.overlay ?? { sizeBytes: 1 << 24, inodes: 1024, upper: null };
  const landlock = plan.landlock === null ? null : { ...plan.landlock, writable: ["/", ...plan.landlock.writable] };
  return { ...plan, landlock, root: { ...plan.root, readOnly: false, overlay } as Plan["root"] };
}

function withoutMounts(plan: Plan, kind: string): Plan {
  return { ...plan, mounts: plan.mounts.filter((mount) => mount.kind !== kind) };
}

function withSecrets(plan: Plan): Plan {
  const owner = { hostUid: 0, hostGid: 0, uid: 1000, gid: 1000 };
  const bind = { kind: "bind", source: "/tmp", at: "/tmp", readOnly: true, exec: true, owner } as const;
  return { ...plan, mounts: [...plan.mounts.filter(({ at }) => at !== "/tmp"), bind] };
}

function withLimits(plan: Plan, limits: Partial<Plan["limits"]>): Plan {
  return { ...plan, limits: { ...plan.limits, ...limits } };
}

function withLargerDisk(plan: Plan, mebibytes: number): Plan {
  const sizeBytes = mebibytes << 20;
  const mounts = plan.mounts.map((mount) => (mount.kind === "tmpfs" ? { ...mount, sizeBytes } : mount));
  return { ...plan, mounts };
}

function withoutCgroup(plan: Plan): Plan {
  const limits = { ...plan.limits, addressSpaceBytes: 2 ** 31, processes: 64 };
  return { ...plan, limits, cgroup: { ...plan.cgroup, controllers: ["pids"] } };
}

function withHostNetwork(plan: Plan): Plan {
  const namespaces = plan.namespaces.filter((name) => name !== "net");
  return { ...plan, namespaces, seccomp: { ...plan.seccomp, unixSocketsOnly: true } };
}

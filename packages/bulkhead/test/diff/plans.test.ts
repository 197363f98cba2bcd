import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { comparePlans, comparePolicies } from "../../src/diff/plans/compare.js";
import type { Plan } from "../../src/plan/schema.js";
import { exportProfile } from "../../src/syscalls/export.js";
import { settle } from "../../src/syscalls/settle.js";

const fixture = new URL("../../../../warden/plan/fixtures/accepted/container.json", import.meta.url);
const plan: Plan = JSON.parse(readFileSync(fixture, "utf8"));

function lines(after: Plan, before = plan): readonly string[] {
  return comparePlans(before, after).flatMap(({ changes }) => changes);
}

const machine = { architecture: process.arch, kernel: "6.1", capabilities: [] };

describe("two plans", () => {
  it("that differ only in random values are equal", () => {
    expect(comparePlans(plan, { ...plan, id: "s0000000000000000" })).toEqual([]);
  });

  it("say limits with their units", () => {
    const limits = { ...plan.limits, memoryBytes: 256 * 1024 ** 2, milliCpus: 500 };
    const before = { ...plan, limits: { ...plan.limits, memoryBytes: 512 * 1024 ** 2, milliCpus: 1000 } };
    expect(lines({ ...plan, limits }, before)).toEqual(["memory 512 MiB → 256 MiB", "cpus 1 → 0.5"]);
  });

  it("say which calls came and went, also between a built-in profile and one of a file", () => {
    const base = settle(exportProfile("default"), machine);
    const less = {
      ...base,
      rules: base.rules.map((rule) => ({ ...rule, names: rule.names.filter((name) => !/^mkdir(at)?$/.test(name)) })),
    };
    const custom: Plan = { ...plan, seccomp: { ...plan.seccomp, profile: less } };
    const builtIn: Plan = { ...plan, seccomp: { ...plan.seccomp, profile: "default" } };
    expect(lines(custom, builtIn)).toEqual(["profile default → of a file", "- mkdir, - mkdirat"]);
    expect(lines(builtIn, custom)).toEqual(["profile of a file → default", "+ mkdir, + mkdirat"]);
    const conditional = { ...less, rules: [...less.rules, { names: ["mkdir"], action: "allow" as const, args: [] }] };
    expect(lines({ ...plan, seccomp: { ...plan.seccomp, profile: conditional } }, custom)).toEqual(["+ mkdir"]);
  });

  it("say fewer arguments, other arguments, and another errno", () => {
    const argument = { index: 0, op: "equal", value: "0x1", valueTwo: "0x0" } as const;
    const rule = { names: ["ioctl"], action: "allow", args: [argument] } as const;
    const profile = (rules: readonly object[], errno = 1) =>
      ({ ...plan, seccomp: { ...plan.seccomp, profile: { default: { errno }, rules } } }) as Plan;
    const all = profile([{ ...rule, args: [] }]);
    const some = profile([rule]);
    const other = profile([{ ...rule, args: [{ ...argument, value: "0x2" }] }]);
    expect(lines(some, all)).toEqual(["with fewer arguments: ioctl"]);
    expect(lines(all, some)).toEqual(["with any arguments: ioctl"]);
    expect(lines(other, some)).toEqual(["with other arguments: ioctl"]);
    expect(lines(profile([], 38), profile([]))).toEqual(["all others: errno 1 → errno 38"]);
  });

  it("tell mounts by where they are, however many stand before them", () => {
    const tmpfs = {
      kind: "tmpfs",
      at: "/scratch",
      sizeBytes: 1024 ** 2,
      inodes: 16,
      mode: 0o700,
      uid: 0,
      gid: 0,
    } as const;
    const before: Plan = { ...plan, mounts: [...plan.mounts, { ...tmpfs, exec: true }] };
    const after: Plan = { ...plan, mounts: [{ ...tmpfs, exec: true, sizeBytes: 2 * 1024 ** 2 }, ...plan.mounts] };
    expect(lines(after, before)).toEqual(["~ tmpfs /scratch: size 1 MiB → 2 MiB"]);
    expect(lines(plan, before)).toEqual(["- /scratch, empty, in memory (1 MiB)"]);
    expect(lines(before)).toEqual(["+ /scratch, empty, in memory (1 MiB)"]);
    expect(lines({ ...plan, mounts: [...plan.mounts].reverse() })).toEqual(["the same, in another order"]);
  });

  it("cut nothing, and hold the whole of both sides as data", () => {
    const long = "x".repeat(300);
    const [change] = comparePlans({ ...plan, hostname: `${long}a` }, { ...plan, hostname: `${long}b` });
    expect(change).toEqual({
      field: "hostname",
      before: `"${long}a"`,
      after: `"${long}b"`,
      changes: [`${long}a → ${long}b`],
    });
  });
});

describe("two policies", () => {
  it("differ in what no plan holds", () => {
    const before = { resources: { time: "10s" }, network: { allow: ["a.example.org:443"] }, env: { A: "secret" } };
    const after = { network: { allow: ["b.example.org:443"] }, env: { B: "secret" }, resources: { output: "1MiB" } };
    const changes = comparePolicies(before, after);
    expect(changes.flatMap((each) => each.changes)).toEqual([
      "time 10 s → none",
      "output 10 MiB → 1 MiB",
      "- a.example.org:443 (port 443)",
      "+ b.example.org:443 (port 443)",
      "- A",
      "+ B",
    ]);
    expect(JSON.stringify(changes)).not.toContain("secret");
  });
});

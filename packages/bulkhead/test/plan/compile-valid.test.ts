import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import type { HostReport } from "../../src/host/report.js";
import type { HostFile, RootInput } from "../../src/plan/input-types.js";
import type { Plan } from "../../src/plan/schema.js";
import { CAPABILITY_NAMES } from "../../src/policy/capability-names.js";
import type { Policy } from "../../src/policy/schema.js";
import { hostWith, rootlessHost } from "../support/facts.js";
import { judge } from "../support/judge.js";
import { BASE, compiled, directory, inputsWith } from "./compile-support.js";

const HOST_ROOT: RootInput = {
  kind: "host",
  binds: [{ source: "/usr", at: "/usr" }],
  bundles: [],
  symlinks: [{ at: "/bin", target: "usr/bin" }],
};

const place = fc.constantFrom("/work", "/work/in", "/data", "/tmp", "/usr", "/etc/hosts", "/bin", "/a/b/c");
const file: fc.Arbitrary<NonNullable<Policy["files"]>[number]> = fc.oneof(
  fc.record({ tmpfs: place, exec: fc.boolean() }),
  fc.record({ host: fc.constant("/srv/x"), at: place, mode: fc.constantFrom("ro" as const, "rw" as const) }),
);

const policy: fc.Arbitrary<Policy> = fc.record(
  {
    writable: fc.boolean(),
    level: fc.constantFrom("chroot" as const, "container" as const),
    workdir: fc.constantFrom("/", "/work", "/proc", "/bin", "/usr/lib", "/tmp/x", "/data"),
    files: fc.uniqueArray(file, { selector: (entry) => ("tmpfs" in entry ? entry.tmpfs : entry.at), maxLength: 5 }),
    capabilities: fc.subarray([...CAPABILITY_NAMES]),
    resources: fc.record({
      memory: fc.integer({ min: 4 * 2 ** 20, max: 2 ** 40 }),
      pids: fc.integer({ min: 2, max: 1000 }),
    }),
    hostname: fc.constantFrom("a", "box-1"),
    apparmor: fc.constant("profile-1"),
  },
  { requiredKeys: [] },
);

const host = fc.constantFrom(
  hostWith(),
  rootlessHost(),
  hostWith({ callerUid: 1000, callerGid: 1000 }),
  hostWith({ landlockAbi: 0, namespaces: ["mnt", "pid", "ipc", "user", "uts"] }),
  hostWith({ cgroup: { layout: "v1", version: 1, controllers: ["pids"], parent: null, why: "no memory" } }),
);

/** An image whose VOLUMEs may be anywhere: around, below and at what the policy mounts. */
const withVolumes = fc
  .uniqueArray(fc.record({ at: place, holds: fc.boolean(), isMissing: fc.boolean() }), { selector: ({ at }) => at })
  .map(
    (volumes): RootInput => ({
      ...BASE,
      layers: ["/store/upper", "/store/lower"],
      volumes: volumes.map(({ at, holds, isMissing }) => ({
        at,
        layers: holds && !isMissing ? [`/store/upper${at}`, `/store/lower${at}`] : null,
        isMissing,
      })),
    }),
  );

/** What a policy may rightly be refused for. */
const FAIR = ["POLICY_INVALID", "REQUIREMENT_UNMET"];

/** Undefined where the policy is rightly refused. */
function planOf([given, on, root]: readonly [Policy, HostReport, RootInput]): Plan | undefined {
  const files: readonly (HostFile | null)[] = (given.files ?? []).map((entry) =>
    "tmpfs" in entry ? null : directory("/srv/x", 1000),
  );
  try {
    const inputs = inputsWith({ root, files, workdir: given.workdir ?? "/work" });
    return compiled(given, { host: on, inputs }).plan;
  } catch (error) {
    if (!(error instanceof BulkheadError) || !FAIR.includes(error.code)) throw error;
    return undefined;
  }
}

describe.skipIf(judge === undefined)(
  "every plan that the compiler makes (cargo build -p bulkhead-plan --example judge)",
  () => {
    it("is one that the warden accepts", () => {
      const case_ = fc.tuple(policy, host, fc.oneof(fc.constantFrom<RootInput>(BASE, HOST_ROOT), withVolumes));
      const cases = fc.sample(case_, 1000).flatMap((one) => {
        const plan = planOf(one);
        return plan === undefined ? [] : [{ policy: one[0], plan }];
      });
      const verdicts = judge?.(cases.map(({ plan }) => plan)) ?? [];
      expect(cases.length).toBeGreaterThan(100);
      expect(verdicts.length).toBe(cases.length);
      expect(cases.filter((_, index) => verdicts[index] !== null)).toEqual([]);
    });

    it("would be refused if it were wrong", () => {
      const { plan } = compiled({});
      const wrong = { ...plan, user: { ...plan.user, uid: 65_535 } };
      expect(judge?.([plan, wrong])).toEqual([null, { code: "PLAN_INVALID", operation: "check", detail: "user.uid" }]);
    });
  },
);

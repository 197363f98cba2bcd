import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partition } from "../../src/syscalls/blocks.js";
import { BUILT_IN, builtInProfile, type Condition } from "../../src/syscalls/built-in.js";
import { exportProfile } from "../../src/syscalls/export.js";
import { missingFor } from "../../src/syscalls/needs.js";
import { readOciProfile } from "../../src/syscalls/oci.js";
import { isFor, type Machine, type SettledArgument, type SettledProfile, settle } from "../../src/syscalls/settle.js";

const MACHINE: Machine = { architecture: "x64", kernel: "6.12.0-test", capabilities: [] };

function read(profile: unknown) {
  return readOciProfile(JSON.stringify(profile), "profile.json");
}

describe("an OCI profile", () => {
  it("is read with every condition that Docker's has", () => {
    const profile = read({
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 38,
      archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] }],
      syscalls: [
        { names: ["read"], action: "SCMP_ACT_ALLOW" },
        { names: ["a"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "4.8" } },
        { names: ["b"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "7.0" } },
        { names: ["c"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_CHOWN"] } },
        { names: ["d"], action: "SCMP_ACT_ALLOW", excludes: { caps: ["CAP_CHOWN"] } },
        { names: ["e"], action: "SCMP_ACT_ALLOW", includes: { arches: ["arm64"] } },
        { names: ["f"], action: "SCMP_ACT_ALLOW", excludes: { arches: ["arm64"], minKernel: "7.0" } },
        { names: ["g"], action: "SCMP_ACT_ERRNO", errnoRet: 13, args: [{ index: 1, value: 5, op: "SCMP_CMP_GE" }] },
      ],
    });
    const names = (machine: Machine) => settle(profile, machine).rules.flatMap((rule) => rule.names);
    expect(names(MACHINE)).toEqual(["read", "a", "d", "f", "g"]);
    expect(names({ ...MACHINE, architecture: "arm64", capabilities: ["CHOWN"] })).toEqual(["read", "a", "c", "e", "g"]);
    expect(isFor(profile, "x64")).toBe(true);
    expect(isFor(profile, "arm64")).toBe(false);
    expect(settle(profile, MACHINE).rules.at(-1)).toEqual({
      names: ["g"],
      action: { errno: 13 },
      args: [{ index: 1, op: "greaterOrEqual", value: "0x5", valueTwo: "0x0" }],
    });
  });

  it.each([
    ["what is no JSON", "{", "JSON"],
    ["a decision that somebody outside must make", { defaultAction: "SCMP_ACT_NOTIFY" }, "process outside"],
    ["a tracer", { defaultAction: "SCMP_ACT_TRACE" }, "process outside"],
    ["success that does nothing", { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 0 }, "defaultErrnoRet"],
    ["a flag that loosens", { defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"] }, "flags"],
    ["an unknown field", { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/x" }, "listenerPath"],
    ["a number that JSON does not hold", rule({ value: 2 ** 60 }), "2^53"],
    ["an argument compared twice", rule({ value: 1 }, { value: 2 }), "twice"],
    ["a value that the mask hides", rule({ value: 1, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ" }), "valueTwo"],
    ["a rule about nothing", { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ action: "SCMP_ACT_LOG" }] }, "names no"],
  ])("is refused for %s", (_why, profile, said) => {
    const text = typeof profile === "string" ? profile : JSON.stringify(profile);
    expect(() => readOciProfile(text, "p.json")).toThrow(
      expect.objectContaining({ code: "PROFILE_INVALID", detail: expect.stringContaining(said) }),
    );
  });

  it("without what init needs says what is missing", () => {
    const none = settle(read({ defaultAction: "SCMP_ACT_ERRNO" }), MACHINE);
    expect(missingFor(none)).toContain("execve");
    const rules = [{ names: ["execve"], action: { errno: 1 }, args: [] }] as const;
    expect(missingFor({ default: "allow", rules })).toEqual(["execve"]);
    expect(missingFor({ default: "allow", rules: [] })).toEqual([]);
  });
});

function rule(...args: readonly Readonly<Record<string, unknown>>[]) {
  const full = args.map((each) => ({ index: 0, op: "SCMP_CMP_EQ", ...each }));
  return {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["read"], action: "SCMP_ACT_ERRNO", args: full }],
  };
}

describe("blocks", () => {
  it("hold every number once: the points in some, the rest in others", () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), word, fc.array(word), (raw, mask, given) => {
        const points = raw.map((point) => (point & mask) >>> 0);
        const blocks = partition(points, mask);
        for (const value of [...given, ...raw]) {
          const under = (value & mask) >>> 0;
          const holds = (block: { mask: number; value: number }) => (under & block.mask) >>> 0 === block.value;
          expect(blocks.in.filter(holds)).toHaveLength(points.includes(under) ? 1 : 0);
          expect(blocks.out.filter(holds)).toHaveLength(points.includes(under) ? 0 : 1);
        }
      }),
    );
  });
});

describe.each(BUILT_IN)("the exported profile %s", (name) => {
  const exported = settle(read(exportProfile(name)), MACHINE);

  it("lets init start programs", () => {
    expect(missingFor(exported)).toEqual([]);
  });

  it("allows and refuses what ours does, for arguments near every value that it names", () => {
    const own = builtInProfile(name);
    for (const { names, when = [] } of own.allow) {
      for (const args of argumentsNear(when)) {
        const holds = when.length === 0 || when.some((all) => all.every((condition) => meets(condition, args)));
        for (const call of names)
          expect([call, args, decide(exported, call, args) === "allow"]).toEqual([call, args, holds]);
      }
    }
    for (const call of own.deny.flatMap(({ names }) => names)) {
      expect([call, decide(exported, call, [])]).toEqual([call, { errno: 1 }]);
    }
    expect(decide(exported, "clone3", [])).toEqual({ errno: 38 });
    expect(decide(exported, "from_the_future", [])).toEqual({ errno: 38 });
  });

  it("refuses with our errno where one condition decides", () => {
    expect(decide(exported, "ioctl", [3n, 0x5412n])).toEqual({ errno: 1 });
    expect(decide(exported, "ioctl", [3n, 0x1_0000_5412n])).toEqual({ errno: 1 });
    expect(decide(exported, "clone", [0x1000_0000n])).toEqual({ errno: 1 });
  });

  it("gives chroot to who has the capability only", () => {
    const lifted = settle(read(exportProfile("default")), { ...MACHINE, capabilities: ["SYS_CHROOT"] });
    expect(decide(lifted, "chroot", [])).toBe("allow");
    expect(decide(exported, "chroot", [])).toEqual({ errno: 1 });
  });
});

function argumentsNear(when: readonly (readonly Condition[])[]): readonly (readonly bigint[])[] {
  const words = when
    .flat()
    .flatMap(({ in: among = {}, notIn = {}, mask = "0x0" }) => [
      ...Object.values(among),
      ...Object.values(notIn),
      mask,
    ]);
  const values = [...new Set(words.flatMap((word) => [BigInt(word), BigInt(word) + 1n, BigInt(word) | (1n << 32n)]))];
  if (values.length === 0) return [[0n, 0n, 0n, 0n]];
  return values.flatMap((first) => values.map((second) => [first, second, first, second]));
}

function meets({ arg, mask = "0xffffffff", in: among = {}, notIn = {} }: Condition, args: readonly bigint[]): boolean {
  const value = (args[arg] ?? 0n) & BigInt(mask);
  const has = (words: Readonly<Record<string, string>>) => Object.values(words).some((word) => BigInt(word) === value);
  return (Object.keys(among).length === 0 || has(among)) && !has(notIn);
}

const ORDER = ["killProcess", "killThread", "trap", "errno", "log", "allow"];

/** What the warden does with a call: the strictest of the rules that hold. */
function decide({ rules, default: otherwise }: SettledProfile, call: string, args: readonly bigint[]) {
  const rank = (action: SettledProfile["default"]) => ORDER.indexOf(typeof action === "string" ? action : "errno");
  const actions = rules
    .filter((each) => each.names.includes(call) && each.args.every((argument) => compares(argument, args)))
    .map(({ action }) => action);
  return actions.sort((one, other) => rank(one) - rank(other))[0] ?? otherwise;
}

function compares({ index, op, value, valueTwo }: SettledArgument, args: readonly bigint[]): boolean {
  if (op !== "maskedEqual") throw new Error(op);
  return ((args[index] ?? 0n) & BigInt(value)) === BigInt(valueTwo);
}

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { partition } from "../../src/syscalls/blocks.js";
import { BUILT_IN, builtInProfile, type Condition } from "../../src/syscalls/built-in.js";
import { exportProfile } from "../../src/syscalls/export.js";
import { missingFor, missingForNetwork } from "../../src/syscalls/needs.js";
import { readOciProfile } from "../../src/syscalls/oci.js";
import { loadOciProfile } from "../../src/syscalls/read.js";
import { isFor, type Machine, type SettledArgument, type SettledProfile, settle } from "../../src/syscalls/settle.js";

const KILL = { action: "SCMP_ACT_KILL_PROCESS" };
const MACHINE: Machine = { architecture: "x64", kernel: "6.12.0-test", capabilities: [] };

const READ = { names: ["read"], action: "SCMP_ACT_ERRNO" };

/** What each writer emits that others do not, and what it comes to. */
const DIALECTS: readonly (readonly [string, Readonly<Record<string, unknown>>, object])[] = [
  [
    "Podman",
    {
      defaultErrno: "ENOSYS",
      defaultErrnoRet: 38,
      syscalls: [{ ...READ, errno: "EPERM", errnoRet: 1, args: null, comment: "", includes: {}, excludes: {} }],
    },
    { default: { errno: 38 }, rules: [{ action: { errno: 1 }, args: [] }] },
  ],
  [
    "Podman's library, by name alone",
    { defaultErrno: "EWOULDBLOCK", syscalls: [{ ...READ, errno: "95" }] },
    { default: { errno: 11 }, rules: [{ action: { errno: 95 } }] },
  ],
  [
    "containerd",
    {
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
      syscalls: [
        {
          names: ["clone"],
          action: "SCMP_ACT_ALLOW",
          args: [{ index: 0, value: 2_114_060_288, op: "SCMP_CMP_MASKED_EQ" }],
        },
        { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
      ],
    },
    {
      default: { errno: 1 },
      rules: [{ args: [{ value: "0x7e020000", valueTwo: "0x0" }] }, { action: { errno: 38 } }],
    },
  ],
  [
    "Docker of old",
    {
      archMap: null,
      syscalls: [
        { name: "read", action: "SCMP_ACT_ALLOW", args: null, comment: "", includes: { caps: null }, excludes: null },
      ],
    },
    { rules: [{ names: ["read"], action: "allow" }] },
  ],
  [
    "Docker with a name and a list that say the same",
    {
      syscalls: [
        { ...READ, name: "read", includes: { minKernel: "" } },
        { name: "write", names: [], ...KILL },
      ],
    },
    { rules: [{ names: ["read"] }, { names: ["write"], action: "killProcess" }] },
  ],
  [
    "security-profiles-operator",
    {
      state: "Enabled",
      architectures: ["SCMP_ARCH_NATIVE"],
      flags: ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
      listenerPath: "",
      syscalls: [{ ...READ, action: "SCMP_ACT_ALLOW", errnoRet: 0 }],
    },
    { log: true, rules: [{ action: "allow" }] },
  ],
  [
    "whoever compares in the same way twice",
    { syscalls: [{ ...READ, args: [1, 1].map((value) => ({ index: 0, value, op: "SCMP_CMP_EQ" })) }] },
    { rules: [{ args: [{ index: 0, value: "0x1" }] }] },
  ],
];

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

  it.each(DIALECTS)("is read as %s writes it", (_writer, written, wanted) => {
    expect(settle(read({ defaultAction: "SCMP_ACT_ERRNO", ...written }), MACHINE)).toMatchObject(wanted);
  });

  it.each([
    ["an errno's name that the number contradicts", { defaultErrno: "EPERM", defaultErrnoRet: 38 }, "EPERM is 1"],
    ["the same in a rule", { syscalls: [{ ...READ, errno: "EACCES", errnoRet: 1 }] }, "EACCES is 13"],
    ["an errno that does not exist", { defaultErrno: "EWHATEVER" }, "EWHATEVER"],
    ["an errno that is success", { defaultErrno: "0" }, "1 to 4095"],
    ["two names that differ", { syscalls: [{ ...READ, name: "write" }] }, "name says write"],
    ["a single name that is none", { syscalls: [{ name: "READ", action: "SCMP_ACT_ALLOW" }] }, "syscalls: 0: name"],
    ["a group of systemd's", { syscalls: [{ names: ["@io-event"], action: "SCMP_ACT_ALLOW" }] }, "group of systemd"],
    [
      "lists of architectures that differ",
      { architectures: ["SCMP_ARCH_X86_64"], archMap: [{ architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] }] },
      "disagree",
    ],
    ["a listener", { listenerPath: "/run/agent.sock" }, "process outside"],
    ["what is told to a listener", { listenerMetadata: "x" }, "process outside"],
    ["an unknown flag", { flags: ["SECCOMP_FILTER_FLAG_NEW_LISTENER"] }, "flags"],
    ["being disabled", { state: "Disabled" }, "not to be used"],
    ["a base that was not merged in", { kind: "SeccompProfile", spec: { baseProfileName: "runtime" } }, "merged"],
  ])("is refused for %s", (_why, written, said) => {
    const profile = { defaultAction: "SCMP_ACT_ERRNO", ...written };
    expect(() => read(profile)).toThrow(
      expect.objectContaining({ code: "PROFILE_INVALID", detail: expect.stringContaining(said) }),
    );
  });

  it("is a resource of Kubernetes, in YAML or JSON", async () => {
    const directory = await mkdtemp(join(tmpdir(), "bulkhead-test-resource-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const spec = { defaultAction: "SCMP_ACT_LOG", syscalls: [{ ...READ, args: [{ index: 2, op: "SCMP_CMP_EQ" }] }] };
    const metadata = { name: "x", namespace: "y", annotations: { description: "z" } };
    const head = "apiVersion: security-profiles-operator.x-k8s.io/v1beta1\nkind: SeccompProfile\n";
    const forms = {
      "a.yaml": `---\n${head}metadata: ${JSON.stringify(metadata)}\nspec: ${JSON.stringify(spec)}\n`,
      "b.json": JSON.stringify({ apiVersion: "v1", kind: "SeccompProfile", metadata, spec, status: { status: "OK" } }),
      "c.json": `\uFEFF${JSON.stringify({ state: "Enabled", baseProfileName: "", ...spec })}`,
    };
    for (const [name, text] of Object.entries(forms)) {
      await writeFile(join(directory, name), text);
      const settled = settle(await loadOciProfile(join(directory, name)), MACHINE);
      expect([name, settled]).toEqual([
        name,
        {
          default: "log",
          rules: [
            {
              names: ["read"],
              action: { errno: 1 },
              args: [{ index: 2, op: "equal", value: "0x0", valueTwo: "0x0" }],
            },
          ],
          log: false,
        },
      ]);
    }
    await writeFile(join(directory, "d.yaml"), "kind: [SeccompProfile\n");
    await expect(loadOciProfile(join(directory, "d.yaml"))).rejects.toMatchObject({ code: "PROFILE_INVALID" });
  });

  it("without what starting a program takes says what is missing", () => {
    const none = settle(read({ defaultAction: "SCMP_ACT_ERRNO" }), MACHINE);
    expect(missingFor(none)).toContain("execve");
    const rules = [{ names: ["execve"], action: { errno: 1 }, args: [] }] as const;
    expect(missingFor({ default: "allow", rules })).toEqual(["execve"]);
    expect(missingFor({ default: "allow", rules: [] })).toEqual([]);
    expect(missingFor(settle(read(allowing("execve", "exit_group", "sendto")), MACHINE))).toEqual([]);
  });

  it("under which no program reaches a network says what is missing", () => {
    const socket = (...args: readonly object[]) => ({
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [
        { names: ["connect"], action: "SCMP_ACT_ALLOW" },
        { names: ["socket"], action: "SCMP_ACT_ALLOW", args },
      ],
    });
    const lacks = (profile: unknown) => missingForNetwork(settle(read(profile), MACHINE));
    expect(lacks(allowing("execve"))).toEqual(["socket", "connect"]);
    expect(lacks(allowing("socket", "connect"))).toEqual([]);
    // AF_UNIX is no network; what is said of the type is left open.
    expect(lacks(socket({ index: 0, value: 1, op: "SCMP_CMP_EQ" }))).toEqual(["socket"]);
    expect(lacks(socket({ index: 0, value: 2, op: "SCMP_CMP_EQ" }, { index: 1, value: 1, op: "SCMP_CMP_EQ" }))).toEqual(
      [],
    );
    expect(lacks(socket({ index: 0, value: 0xffffffff, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ" }))).toEqual([]);
    const refuses = { names: ["socket"], action: "SCMP_ACT_ERRNO", args: [{ index: 0, value: 3, op: "SCMP_CMP_LT" }] };
    expect(lacks({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [refuses] })).toEqual(["socket"]);
    expect(lacks(exportProfile("strict"))).toEqual(["socket", "connect"]);
    expect(lacks(exportProfile("default"))).toEqual([]);
  });
});

function allowing(...names: readonly string[]) {
  return { defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ names, action: "SCMP_ACT_ALLOW" }] };
}

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

  it("allows chroot only with the capability", () => {
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

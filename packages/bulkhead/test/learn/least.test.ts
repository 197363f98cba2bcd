import { describe, expect, it } from "vitest";
import { addRun, NOTHING_LEARNED } from "../../src/learn/learned.js";
import { least } from "../../src/learn/least.js";
import { type Observation, parseObservation } from "../../src/learn/observation.js";

const RUN: Observation = {
  version: 1,
  syscalls: [
    { name: "read", count: 3 },
    { name: "personality", count: 2, values: { "0": [0, 8] } },
    { name: "socket", count: 1, values: { "0": [2], "1": [1] } },
  ],
  files: [{ path: "/etc/hosts", uses: ["read"], kind: "file" }],
  peers: [{ call: "connect", family: "inet", address: "127.0.0.1", port: 80 }],
  cutOff: false,
};

describe("the least policy", () => {
  const learned = addRun(NOTHING_LEARNED, RUN);
  const found = least(learned, { root: "host", network: "none", syscalls: "default" }, 250);

  it("has what was seen, and not what was asked for and not used", () => {
    expect(found.policy).toEqual({ root: "host", access: { read: ["/etc/hosts"], list: [], write: [], execute: [] } });
    expect(found.surface).toMatchObject({ network: false, syscalls: { before: 250 } });
    expect(found.surface.syscalls.after).toBeLessThan(60);
  });

  it("has a rule for each value that a call was made with", () => {
    const rules = found.seccomp.syscalls.filter(({ names }) => names.includes("personality"));
    expect(rules.map(({ args }) => args)).toEqual([
      [{ index: 0, value: 0xffffffff, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
      [{ index: 0, value: 0xffffffff, valueTwo: 8, op: "SCMP_CMP_MASKED_EQ" }],
    ]);
    const [socket] = found.seccomp.syscalls.filter(({ names }) => names.includes("socket"));
    expect(socket?.args?.map(({ index, valueTwo }) => [index, valueTwo])).toEqual([
      [0, 2],
      [1, 1],
    ]);
  });

  it("marks what only one of several runs needed", () => {
    const other: Observation = { ...RUN, syscalls: RUN.syscalls.slice(0, 1), files: [] };
    const { seenOnce } = least(addRun(learned, other), {}, 250);
    expect(seenOnce).toEqual({ syscalls: ["personality", "socket"], paths: ["/etc/hosts"] });
    expect(found.seenOnce).toEqual({ syscalls: [], paths: [] });
  });

  it("is an AppArmor profile too, whose odd names mean nothing else there", () => {
    const odd = addRun(NOTHING_LEARNED, { ...RUN, files: [{ path: '/a*b "c"', uses: ["read"], kind: "file" }] });
    const { apparmor } = least(odd, {}, 250);
    expect(apparmor).toContain('  "/a\\*b \\"c\\"" rm,\n');
    expect(apparmor).toContain("  network inet,\n");
  });
});

describe("a report from inside", () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

  it("is taken when it is one", () => {
    expect(parseObservation(bytes(RUN))).toEqual(RUN);
  });

  it.each([
    ["no JSON", new TextEncoder().encode("{")],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["an unknown field", bytes({ ...RUN, more: 1 })],
    ["a relative path", bytes({ ...RUN, files: [{ path: "etc", uses: [], kind: "file" }] })],
    ["a name that is no syscall's", bytes({ ...RUN, syscalls: [{ name: "a b", count: 1 }] })],
    ["too many syscalls", bytes({ ...RUN, syscalls: Array.from({ length: 601 }, () => ({ name: "read", count: 1 })) })],
    ["a port too high", bytes({ ...RUN, peers: [{ call: "bind", family: "inet", address: "", port: 65_536 }] })],
  ])("is refused: %s", (_, report) => {
    expect(() => parseObservation(report)).toThrow(expect.objectContaining({ code: "LEARN_FAILED" }));
  });
});

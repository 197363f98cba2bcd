import { describe, expect, it } from "vitest";
import { addRun, NOTHING_LEARNED } from "../../src/learn/learned.js";
import { least } from "../../src/learn/least.js";
import { type Observation, parseObservation } from "../../src/learn/observation.js";
import { withoutOwn } from "../../src/learn/observe.js";

const report: Observation = {
  version: 1,
  syscalls: [{ name: "openat", count: 3 }],
  files: [{ path: "/etc/hosts", uses: ["read"], kind: "file" }],
  peers: [],
  cutOff: false,
};

function parsed(changed: object): Observation {
  return parseObservation(Buffer.from(JSON.stringify({ ...report, ...changed })));
}

describe("a report from inside", () => {
  it("is read", () => {
    expect(parsed({})).toEqual(report);
  });

  it.each<[string, object]>([
    ["a name that would become a prototype", { syscalls: [{ name: "__proto__", count: 1 }] }],
    ["a name with a line end in it", { syscalls: [{ name: "open\nat", count: 1 }] }],
    ["a call that is there twice, to count as two runs", { syscalls: [...report.syscalls, ...report.syscalls] }],
    ["a file that is there twice", { files: [...report.files, ...report.files] }],
    ["a path that is none", { files: [{ path: "etc/hosts", uses: ["read"], kind: "file" }] }],
    ["a path longer than any", { files: [{ path: `/${"a".repeat(9000)}`, uses: ["read"], kind: "file" }] }],
    ["a use that nobody knows", { files: [{ path: "/etc/hosts", uses: ["own"], kind: "file" }] }],
    [
      "more calls than there are",
      { syscalls: Array.from({ length: 601 }, (_, at) => ({ name: `call${at}`, count: 1 })) },
    ],
    ["a count that is no number of times", { syscalls: [{ name: "openat", count: -1 }] }],
    ["a field besides", { policy: { capabilities: ["SYS_ADMIN"] } }],
    ["another version", { version: 2 }],
  ])("is refused for %s", (_what, changed) => {
    expect(() => parsed(changed)).toThrow(expect.objectContaining({ code: "LEARN_FAILED" }));
  });

  it.each(["not json", "[]", "null", "\u0000", '{"version":1'])("is no report: %j", (text) => {
    expect(() => parseObservation(Buffer.from(text))).toThrow(expect.objectContaining({ code: "LEARN_FAILED" }));
  });

  it("counts names of JavaScript's own as any other", () => {
    const { syscalls } = addRun(NOTHING_LEARNED, parsed({ syscalls: [{ name: "constructor", count: 2 }] }));
    expect(syscalls["constructor"]).toEqual({ runs: 1, count: 2, values: {} });
  });
});

describe("a name that says something else than it is", () => {
  it.each([
    ["a line of a profile", "/work/x\n  capability sys_admin,\n"],
    ["an escape sequence", "/work/\u001b[2J"],
    ["letters that run backwards", "/work/\u202etxt.exe"],
    ["a NUL", "/work/a\u0000b"],
  ])("is left out, and said to be missing: %s", (_what, path) => {
    const seen = withoutOwn(parsed({ files: [...report.files, { path, uses: ["read", "write"], kind: "file" }] }));
    expect(seen.files).toEqual(report.files);
    expect(seen.cutOff).toBe(true);
  });

  it("cannot end a rule of AppArmor's: quotes, braces and backslashes stay within it", () => {
    const path = '/work/x", capability sys_admin, "{a,b}\\';
    const learned = addRun(NOTHING_LEARNED, parsed({ files: [{ path, uses: ["read"], kind: "file" }] }));
    const { apparmor } = least(learned, {}, 272);
    const rule = apparmor.split("\n").find((line) => line.includes("sys_admin"));
    expect(rule).toBe('  "/work/x\\"\\, capability sys_admin\\, \\"\\{a\\,b\\}\\\\" rm,');
  });
});

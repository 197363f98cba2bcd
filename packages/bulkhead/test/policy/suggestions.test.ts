import { describe, expect, it } from "vitest";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { parsePolicy } from "../../src/policy/parse.js";

function problemsWith(policy: unknown): string {
  try {
    parsePolicy(policy);
  } catch (error) {
    if (error instanceof BulkheadError) return error.detail ?? "";
    throw error;
  }
  return "";
}

describe("a policy with a slip of the pen", () => {
  it.each([
    [{ resorces: {} }, "resorces: no such field (did you mean resources?)"],
    [{ resources: { memroy: 1 } }, "resources.memroy: no such field (did you mean memory?)"],
    [{ network: { alow: [] } }, "network.alow: no such field (did you mean allow?)"],
    [{ network: { allow: [{ hots: "x" }] } }, "network.allow[0].hots: no such field (did you mean host?)"],
    [
      { network: { limits: { conections: 1 } } },
      "network.limits.conections: no such field (did you mean connections?)",
    ],
    [{ files: [{ tmpf: "/x" }] }, "files[0].tmpf: no such field (did you mean tmpfs?)"],
    [{ files: [{ host: "x", at: "/x", moed: "rw" }] }, "files[0].moed: no such field (did you mean mode?)"],
    [{ secrets: { A: { hosts: ["x"], fiel: "y" } } }, "secrets.A.fiel: no such field (did you mean file?)"],
    [{ level: { mni: "gvisor" } }, "level.mni: no such field (did you mean min?)"],
    [{ images: { verfy: [] } }, "images.verfy: no such field (did you mean verify?)"],
    [{ syscalls: { proflie: "x" } }, "syscalls.proflie: no such field (did you mean profile?)"],
  ])("%j: names the field that was meant", (policy, line) => {
    expect(problemsWith(policy).split("\n")).toContain(line);
  });

  it.each([
    [{ level: "gvisro" }, "gvisor"],
    [{ level: { min: "contaner" } }, "container"],
    [{ trust: "hostil" }, "hostile"],
    [{ require: ["seccomp", "landlok"] }, "landlock"],
    [{ capabilities: ["SETUDI"] }, "SETUID"],
    [{ syscalls: "stric" }, "strict"],
    [{ network: "non" }, "none"],
    [{ network: { allow: [{ host: "x", protocol: "htps" }] } }, "https"],
    [{ files: [{ host: "x", at: "/x", mode: "r" }] }, "ro"],
    [{ resources: { time: "nnoe" } }, "none"],
    [{ root: "hots" }, "host"],
  ])("%j: names the word that was meant, %s", (policy, meant) => {
    expect(problemsWith(policy)).toContain(`(did you mean ${meant}?)`);
  });

  it("guesses nothing where nothing is near, and walks into no prototype", () => {
    for (const policy of [{ foo: 1 }, { level: "strongest" }, { constructor: {} }, { resources: { toString: 1 } }]) {
      expect(problemsWith(policy)).not.toContain("did you mean");
    }
    expect(problemsWith(JSON.parse('{"__proto__x":1,"files":{"__proto__":1}}'))).not.toBe("");
  });
});

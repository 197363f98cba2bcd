import { describe, expect, it } from "vitest";
// Loads the other build of Zod, whose words are regular expressions: as every program does that makes a sandbox.
import "../../src/plan/schema.js";
import { parsePolicy } from "../../src/policy/parse.js";
import { FIELD_NAMES } from "../../src/policy/schema.js";

/** Something of each type, and what comes near to being right. */
const VALUES: readonly unknown[] = [
  ...["", ":", "\0", "a b", "A", "100000", "/x\0", "x".repeat(5000)],
  ...[-1, 1e9, 1.5, Number.NaN, null, true],
  ...[[], [":"], ["/a/../b", 1], Array.from({ length: 2000 }, () => "/x")],
  ...[{}, { a: 1 }, { "": "x" }, { "=": 1 }, { A: "\0" }, { min: "x" }, { read: ["x"] }, { profile: "" }],
  ...[{ allow: ["x y"] }, { allow: [{}] }, { bind: [0.5, -1] }, { "a-b": { env: "=" } }],
  { A: { hosts: ["x y"], value: "x" } },
  { A: { hosts: ["a.b"], value: "x", header: "a b" } },
  { A: { hosts: ["a.b"], env: "" } },
  { memory: "x", pids: -1, cpus: -1, disk: "", time: "", output: "", openFiles: -1 },
  { verify: [{ match: "a b", key: [] }] },
  { verify: [{ match: "*", keyless: { identity: "", issuer: "", trustedRoot: "" } }] },
  [{ host: "", at: "" }],
  [{ tmpfs: "/proc" }],
  [{ host: "/x", at: "/y", mode: "q" }],
];

describe("what is said of a policy that is wrong", () => {
  it.each(FIELD_NAMES)("is for people, of %s", (name) => {
    for (const value of VALUES) {
      const message = messageOf(() => parsePolicy({ [name]: value } as object));
      expect(message, JSON.stringify(value)?.slice(0, 100)).not.toMatch(
        /Invalid|pattern \/|Too (small|big)|\(\?|\\d|\]\*|expected /,
      );
    }
  });

  it.each([
    [{ user: ":" }, 'user: must be a uid up to 65534, "uid:gid", or a user\'s name'],
    [{ user: "100000" }, 'user: must be a uid up to 65534, "uid:gid", or a user\'s name'],
    [{ image: "" }, "image: must have at least 1 characters"],
    [{ image: "x".repeat(5000) }, "image: must have at most 4096 characters"],
    [{ workdir: "app" }, "workdir: must be an absolute path of at most 4096 bytes"],
  ])("%j: %s", (policy, expected) => {
    expect(messageOf(() => parsePolicy(policy))).toContain(expected);
  });
});

function messageOf(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

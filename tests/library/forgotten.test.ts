import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { inChild } from "./support/in-child.js";

const CHILD = fileURLToPath(new URL("support/forgotten.ts", import.meta.url));
const LEFT = "BULKHEAD_SANDBOX_LEFT";

describe("a process that waits only for", () => {
  it.each([
    ["a sandbox", "", [LEFT]],
    ["a sandbox in which a program ran", "ran\n", [LEFT]],
    ["a sandbox that was closed", "", []],
    ["the end of a sandbox, which is awaited", "killed\n", []],
    ["a program that runs", "done\n", []],
    ["a sandbox with ref", "", [LEFT]],
    ["an exposed port", "true\n", []],
  ] as const)("%s ends, with a warning about the open sandbox", async (way, stdout, warnings) => {
    const ended = await inChild(CHILD, [way], { withinMs: 40_000 });
    expect(ended).toMatchObject({ exitCode: 0, stdout });
    expect(ended.stderr.match(/BULKHEAD_SANDBOX_\w+/g) ?? []).toEqual(warnings);
  });
});

describe("a sandbox without references", () => {
  it.each([
    ["development", ["BULKHEAD_SANDBOX_FORGOTTEN", LEFT]],
    ["production", [LEFT]],
  ] as const)("is warned of in %s", async (environment, warnings) => {
    const options = { withinMs: 40_000, node: ["--expose-gc"], env: { NODE_ENV: environment } };
    const { exitCode, stderr } = await inChild(CHILD, ["what was collected"], options);
    expect(exitCode).toBe(0);
    expect(stderr.match(/BULKHEAD_SANDBOX_\w+/g) ?? []).toEqual(warnings);
  });
});

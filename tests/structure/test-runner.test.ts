import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { withStatus } from "../../scripts/test/counts.js";
import type { Part } from "../../scripts/test/parts.js";
import { runPart } from "../../scripts/test/run.js";
import { nothing } from "../../scripts/test/verdict.js";

/** A part that runs a shell command and counts nothing. */
function part(script: string): Part {
  const count = { from: "output", parse: () => ({ ...nothing, passed: 1 }) } as const;
  return { name: "part", group: "group", argv: ["sh", "-c", script], cwd: ".", minutes: 1, count };
}

test("a part has its own temporary folder, and fails if it leaves files there", async () => {
  expect(await runPart(part('touch "$TMPDIR/mine" && rm "$TMPDIR/mine" && mkdir "$TMPDIR/tsx-0"'))).toEqual({
    ...nothing,
    passed: 1,
  });
  expect(await runPart(part('mkdir "$TMPDIR/bulkhead-git-x"'))).toEqual({
    ...nothing,
    passed: 1,
    failed: 1,
    failures: ["left in the temporary folder: bulkhead-git-x"],
  });
});

test("a hook that fails, and an error that nothing caught, are failures with a name and a place", async () => {
  const fixture = fileURLToPath(new URL("support/outside-tests/vitest.config.ts", import.meta.url));
  const argv = ["run", "--config", fixture, "--reporter=./scripts/test/outside-tests.ts"];
  const { stdout, status } = spawnSync("node_modules/.bin/vitest", argv, { encoding: "utf8" });
  expect(status).toBe(1);
  const { failures } = withStatus(nothing, stdout, false);
  expect(failures.toSorted()).toEqual([
    expect.stringMatching(/^failed outside a test: .*hook\.fixture\.ts: the hook broke at .*hook\.fixture\.ts:4:/),
    expect.stringMatching(/^failed outside a test: unhandled: too late at .*late\.fixture\.ts:5:/),
  ]);
});

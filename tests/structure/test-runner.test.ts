import { expect, test } from "vitest";
import { none } from "../../scripts/test/counts.js";
import type { Part } from "../../scripts/test/parts.js";
import { runPart } from "../../scripts/test/run.js";

/** A part that runs a shell command and counts nothing. */
function part(script: string): Part {
  const count = { from: "output", parse: () => ({ ...none, passed: 1 }) } as const;
  return { name: "part", group: "group", argv: ["sh", "-c", script], cwd: ".", minutes: 1, count };
}

test("a part has a temporary folder of its own, and fails when something of it is left there", async () => {
  expect(await runPart(part('touch "$TMPDIR/mine" && rm "$TMPDIR/mine" && mkdir "$TMPDIR/tsx-0"'))).toEqual({
    passed: 1,
    failed: 0,
    skipped: 0,
  });
  expect(await runPart(part('mkdir "$TMPDIR/bulkhead-git-x"'))).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

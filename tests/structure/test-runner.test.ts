import { expect, test } from "vitest";
import type { Part } from "../../scripts/test/parts.js";
import { runPart } from "../../scripts/test/run.js";
import { nothing } from "../../scripts/test/verdict.js";

/** A part that runs a shell command and counts nothing. */
function part(script: string): Part {
  const count = { from: "output", parse: () => ({ ...nothing, passed: 1 }) } as const;
  return { name: "part", group: "group", argv: ["sh", "-c", script], cwd: ".", minutes: 1, count };
}

test("a part has a temporary folder of its own, and fails when something of it is left there", async () => {
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

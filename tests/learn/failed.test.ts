import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { loadPolicy } from "bulkhead";
import { learn } from "bulkhead/learn";
import { expect, test } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";

const CLI = new URL("../../bulkhead", import.meta.url).pathname;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function learnCommand(...argv: readonly string[]): Promise<Ended> {
  return await promisify(execFile)(CLI, ["learn", ...argv]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ended) => error,
  );
}

test.each([
  ["exit 3", "exit code 3"],
  // The observer ends with what a shell would say.
  ["kill -TERM $$", "exit code 143"],
])("the policy of a run that failed (%s) says so everywhere, and is not checked", async (job, failure) => {
  await using directory = await TemporaryDirectory.create("learn-failed");
  const program = ["--", "sh", "-c", job] as const;
  const text = await learnCommand("--out", directory.path, "--check", ...program);
  expect(text.code).toBe(1);
  expect(text.stderr).toContain("bulkhead: learned from 1 run, of which 1 failed: ");
  expect(text.stderr).toContain(`bulkhead: the program failed (${failure}): this is the policy of a run that failed\n`);
  expect(text.stderr).not.toContain("the result is the same");

  const comment = `learned from 1 run, of which 1 failed (${failure}): it may be too little for a run that succeeds`;
  expect(await loadPolicy(directory.join("policy.json"))).toMatchObject({ comment });
  expect(await readFile(directory.join("apparmor.profile"), "utf8")).toContain(`# ${comment}\n`);
  expect(await readFile(directory.join("seccomp.json"), "utf8")).toContain(comment);

  const json = await learnCommand("--out", directory.path, "--check", "--json", ...program);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ runs: 1, failedRuns: 1, failure, policy: { comment } });

  // A run that succeeds, added to it, does not make the failed one forgotten.
  await learnCommand("--out", directory.path, "--add", "--", "true");
  expect(await loadPolicy(directory.join("policy.json"))).toMatchObject({
    comment: "learned from 2 runs, of which 1 failed: it may be too little for a run that succeeds",
  });
});

test("without --check the exit code is the program's own", async () => {
  await using directory = await TemporaryDirectory.create("learn-failed");
  expect((await learnCommand("--out", directory.path, "--", "sh", "-c", "exit 3")).code).toBe(3);
  const fine = await learnCommand("--out", directory.path, "--check", "--", "true");
  expect(fine).toMatchObject({ code: 0 });
  expect(fine.stderr).toContain("checked: the result is the same");
  expect(fine.stderr).not.toContain("of which");
});

test("each run that failed is counted", async () => {
  const { learned, failure, least } = await learn(["false"], {}, { runs: 2 });
  expect([learned.runs, learned.failedRuns, failure]).toEqual([2, 2, "exit code 1"]);
  expect(least.policy.comment).toMatch(/^learned from 2 runs, of which 2 failed/);
});

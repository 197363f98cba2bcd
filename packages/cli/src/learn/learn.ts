import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type Learned, type Lesson, learn, loadPolicy, readLearned, run, saveLesson } from "bulkhead";
import type { LearnFlags } from "../commands/learn.js";
import { exitCodeOf } from "../exit-codes.js";
import { finish, jsonLine, print } from "../output/write.js";
import { policyFrom } from "../policy/from-flags.js";
import { describeLesson } from "./describe.js";

/** Learns, writes what was learned, and with `--check` tries it out. */
export async function learnProgram(argv: readonly string[], flags: LearnFlags): Promise<void> {
  const policy = await policyFrom(flags);
  const broker = flags.broker === undefined ? {} : { broker: flags.broker };
  const from: Learned | undefined = flags.add === true ? await readLearned(flags.out) : undefined;
  const lesson = await learn(argv, policy, {
    runs: runsOf(flags.runs),
    ...(from === undefined ? {} : { from }),
    ...broker,
  });
  await mkdir(flags.out, { recursive: true });
  await saveLesson(lesson, flags.out);
  const checked = flags.check === true ? await check(argv, lesson, flags) : undefined;
  if (flags.json === true) {
    const { learned, least, result } = lesson;
    await print(process.stdout, jsonLine({ runs: learned.runs, ...least, result, ...(checked ?? {}) }));
  } else {
    await print(process.stdout, lesson.result.stdout);
    await print(process.stderr, lesson.result.stderr + describeLesson(lesson, flags.out, checked));
  }
  await finish(checked === undefined ? exitCodeOf(lesson.result) : checked.same ? 0 : 1);
}

/** What the same run came to under the policy. */
export interface Checked {
  readonly same: boolean;
  /** What is different: `exit code 0, was 1`. */
  readonly differences: readonly string[];
}

async function check(argv: readonly string[], { result }: Lesson, flags: LearnFlags): Promise<Checked> {
  const policy = await loadPolicy(join(flags.out, "policy.json"));
  const now = await run(argv, policy, flags.broker === undefined ? {} : { broker: flags.broker });
  const differences = [
    ...(now.exitCode === result.exitCode ? [] : [`exit code ${now.exitCode}, was ${result.exitCode}`]),
    ...(now.signal === result.signal ? [] : [`signal ${now.signal}, was ${result.signal}`]),
    ...(now.stdout === result.stdout ? [] : ["its output is another"]),
    ...(now.stderr === result.stderr ? [] : [`its errors are others: ${lastLine(now.stderr)}`]),
  ];
  return { same: differences.length === 0, differences };
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

function runsOf(text: string): number {
  const runs = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (runs < 1)
    throw new BulkheadError("POLICY_INVALID", { operation: "check", detail: "--runs: a whole number from 1 to 9999" });
  return runs;
}

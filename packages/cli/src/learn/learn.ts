import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, loadPolicy } from "bulkhead";
import { checkLearned, type Learned, learn, readLearned, saveLearned } from "bulkhead/learn";
import { defined } from "../defined.js";
import { exitCodeOf } from "../exit-codes.js";
import { finish, jsonLine, print } from "../output/write.js";
import { policyFrom } from "../policy/from-flags.js";
import { describeLearned } from "./describe.js";
import type { LearnFlags } from "./flags.js";

/** Learns, writes the result, and with `--check` tries it. */
export async function learnProgram(argv: readonly string[], flags: LearnFlags): Promise<void> {
  const policy = await policyFrom(flags);
  const broker = defined({ broker: flags.broker });
  const from: Learned | undefined = flags.add === true ? await readLearned(flags.out) : undefined;
  const outcome = await learn(argv, policy, {
    runs: runsOf(flags.runs),
    ...defined({ from }),
    ...broker,
  });
  await mkdir(flags.out, { recursive: true });
  await saveLearned(outcome, flags.out);
  const checked =
    flags.check === true
      ? await checkLearned(argv, await loadPolicy(join(flags.out, "policy.json")), outcome.result, broker)
      : undefined;
  if (flags.json === true) {
    const { learned, least, result, failure } = outcome;
    const failed = { failedRuns: learned.failedRuns ?? 0, failure };
    await print(process.stdout, jsonLine({ runs: learned.runs, ...failed, ...least, result, ...(checked ?? {}) }));
  } else {
    await print(process.stdout, outcome.result.stdout);
    await print(process.stderr, outcome.result.stderr + describeLearned(outcome, flags.out, checked));
  }
  // A failed run that fails the same way under its policy proves nothing about one that succeeds.
  await finish(checked === undefined ? exitCodeOf(outcome.result) : checked.same && outcome.failure === null ? 0 : 1);
}

function runsOf(text: string): number {
  const runs = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (runs < 1) throw new BulkheadError("USAGE", { detail: "--runs must be a whole number from 1 to 9999" });
  return runs;
}

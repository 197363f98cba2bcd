import type { Policy } from "../policy/schema.js";
import type { ProcessResult } from "../sandbox/process-result.js";
import { run } from "../sandbox/run.js";
import type { RunOptions } from "../sandbox/run-options.js";

/** What the same program came to under the policy that was learned from it. */
export interface Checked {
  readonly same: boolean;
  /** What is different: `exit code 0, was 1`. */
  readonly differences: readonly string[];
}

/**
 * Runs a program under what was learned from it, and tells what came out otherwise than in `before`: what `learn --check` does.
 * @throws BulkheadError whatever `run` does
 */
export async function checkLesson(
  argv: readonly string[],
  policy: Policy,
  before: Pick<ProcessResult, "exitCode" | "signal" | "stdout" | "stderr">,
  options: RunOptions = {},
): Promise<Checked> {
  const now = await run(argv, policy, options);
  const differences = [
    ...(now.exitCode === before.exitCode ? [] : [`exit code ${now.exitCode}, was ${before.exitCode}`]),
    ...(now.signal === before.signal ? [] : [`signal ${now.signal}, was ${before.signal}`]),
    ...(now.stdout === before.stdout ? [] : ["its output is another"]),
    ...(now.stderr === before.stderr ? [] : [`its errors are others: ${lastLine(now.stderr)}`]),
  ];
  return { same: differences.length === 0, differences };
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

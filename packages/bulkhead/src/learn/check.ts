import type { Policy } from "../policy/schema.js";
import { run } from "../sandbox/run.js";
import type { RunOptions } from "../sandbox/run-options.js";
import type { ProcessResult } from "../session/process-result.js";

/** Outcome of running the program under the policy learned from it. */
export interface Checked {
  readonly same: boolean;
  /** The differences: `exit code 0, was 1`. */
  readonly differences: readonly string[];
}

/**
 * Runs a program under the policy learned from it, and reports how the result differs from `before`: what
 * `learn --check` does.
 * @throws BulkheadError as `run` does
 */
export async function checkLearned(
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

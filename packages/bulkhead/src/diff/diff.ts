import { type AnyCheck, shown } from "../arguments/check.js";
import { requireArguments } from "../arguments/require.js";
import { duration, list, object } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { type Level, levelName } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";
import { POLICY_HINTS, policyArgument, prepareShape } from "../sandbox/options.js";
import { Sandbox, type SandboxOptions } from "../sandbox/sandbox.js";
import { argvCheck } from "../session/exec-options.js";
import { type Difference, differencesOf } from "./differences.js";
import { filesIn } from "./files-left.js";
import type { JobRun } from "./job-run.js";

/** Comparison of the same job at two levels. */
export interface JobComparison {
  readonly runs: readonly [JobRun, JobRun];
  /** Differences in the results; time and memory are never among them. */
  readonly differences: readonly Difference[];
  readonly same: boolean;
}

export interface CompareOptions extends SandboxOptions {
  /** Time limit of each run of the job. Default: one minute. */
  readonly timeoutMs?: number;
}

const compareOptions = object<CompareOptions>({ ...prepareShape, timeoutMs: duration }, POLICY_HINTS);
const two = list(levelName);
const twoLevels: AnyCheck = (value, path, flaws) => {
  if (Array.isArray(value) && value.length === 2) two(value, path, flaws);
  else flaws.push({ path, message: `must be two levels, such as ["container", "gvisor"], not ${shown(value)}` });
};

/** The same as the default of `run`. */
const TIMEOUT_MS = 60_000;

/**
 * Runs a job at two levels, each time from the same initial state, and compares the results: how it ended, its output
 * and the files it left, plus its cost.
 * @throws BulkheadError DIFF_WRITES_HOST, and as creating a sandbox and starting a program do
 */
export async function compareLevels(
  argv: readonly string[],
  levels: readonly [Level, Level],
  policy: Policy = {},
  options: CompareOptions = {},
): Promise<JobComparison> {
  requireArguments(
    "compareLevels",
    ["argv", argvCheck, argv],
    ["levels", twoLevels, levels],
    ["policy", policyArgument, policy],
    ["options", compareOptions, options],
  );
  // The policy's schema refuses a value that is not a list.
  const files: unknown = policy.files;
  const writable = (Array.isArray(files) ? (files as NonNullable<Policy["files"]>) : []).find(
    (file) => "host" in file && file.mode === "rw",
  );
  if (writable !== undefined && "host" in writable) {
    throw new BulkheadError("DIFF_WRITES_HOST", { operation: "compare", path: writable.host });
  }
  const runs = [await once(argv, levels[0], policy, options), await once(argv, levels[1], policy, options)] as const;
  const differences = differencesOf(...runs);
  return { runs, differences, same: differences.length === 0 };
}

async function once(
  argv: readonly string[],
  level: Level,
  policy: Policy,
  { timeoutMs = TIMEOUT_MS, ...options }: CompareOptions,
): Promise<JobRun> {
  const { trust: _, ...rest } = policy;
  await using sandbox = await Sandbox.create({ ...rest, level }, options);
  const { exitCode, signal, stdout, stderr, timedOut, durationMs } = await sandbox.run(argv, { timeoutMs });
  const { memoryPeakBytes } = await sandbox.stats();
  const files = await filesIn(sandbox, placesOf(policy));
  return { level, exitCode, signal, stdout, stderr, timedOut, durationMs, memoryPeakBytes, files };
}

/** Places where a job can leave files: writable mounts of the policy, and those of every sandbox. */
function placesOf({ files = [], workdir = "/work" }: Policy): readonly string[] {
  const named = files.flatMap((file) => ("tmpfs" in file ? [file.tmpfs] : []));
  return [...new Set([workdir, "/tmp", ...named])].sort();
}

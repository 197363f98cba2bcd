import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { callbackFailed } from "../arguments/callbacks.js";
import { check } from "../arguments/check.js";
import { readGivenFile, type Unreadable } from "../arguments/given-file.js";
import { requireArguments } from "../arguments/require.js";
import { callback, hostPath, isRecord, object, whole } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Policy } from "../policy/schema.js";
import { POLICY_HINTS, policyArgument, prepareShape } from "../sandbox/options.js";
import type { SandboxOptions } from "../sandbox/sandbox.js";
import { argvCheck } from "../session/exec-options.js";
import type { ProcessResult } from "../session/process-result.js";
import { builtInProfile } from "../syscalls/built-in.js";
import type { LearnedSeccomp } from "./export/seccomp.js";
import { addRun, type Learned, NOTHING_LEARNED } from "./learned.js";
import { type LeastPolicy, least } from "./least.js";
import { observe } from "./observe.js";

export interface LearnOptions extends SandboxOptions {
  /** How often to run the program. Default 1; rules that only one run needed are marked. */
  readonly runs?: number;
  /** The result of earlier runs, to add to. */
  readonly from?: Learned;
  /** Called after each run. */
  readonly onRun?: (result: ProcessResult, number: number) => void;
}

/** The result of learning, and of the last run. */
export interface LearnResult {
  readonly learned: Learned;
  readonly least: LeastPolicy;
  readonly result: ProcessResult;
  /**
   * How the last failed run ended (`exit code 1`); null if none failed. A policy from failed runs may be too narrow for
   * one that succeeds.
   */
  readonly failure: string | null;
}

const learnOptions = object<LearnOptions>(
  {
    ...prepareShape,
    runs: whole(1, 1000),
    from: check<Learned>(isLearned, "what `readLearned` returned, or `learned` of what `learn` returned"),
    onRun: callback<NonNullable<LearnOptions["onRun"]>>(),
  },
  POLICY_HINTS,
);
const learnResultArgument = check<LearnResult>(
  (value) => isRecord(value) && isRecord(value["least"]),
  "what `learn` returned",
);

/**
 * Runs a program under `policy` with observation, as often as requested, and computes the least policy under which it
 * would have run the same way.
 *
 * ```ts
 * const { least } = await learn(["python3", "job.py"], { root: "host" }, { runs: 3 });
 * ```
 * The policy covers only what was observed: it refuses a branch that no run took. Run every important case, and then
 * run it under the policy.
 * @throws BulkheadError LEARN_FAILED, and as creating a sandbox does
 */
export async function learn(
  argv: readonly string[],
  policy: Policy = {},
  options: LearnOptions = {},
): Promise<LearnResult> {
  requireArguments(
    "learn",
    ["argv", argvCheck, argv],
    ["policy", policyArgument, policy],
    ["options", learnOptions, options],
  );
  const { runs = 1, from = NOTHING_LEARNED, onRun, ...rest } = options;
  let learned = from;
  let last: ProcessResult | undefined;
  let failure: string | null = null;
  for (let number = 1; number <= runs; number++) {
    const { result, observation, egress } = await observe(argv, policy, rest);
    const failed = failureOf(result);
    failure = failed ?? failure;
    learned = addRun(learned, observation, egress, failed !== null);
    await tell(onRun, result, number);
    last = result;
  }
  if (last === undefined) throw new BulkheadError("LEARN_FAILED", { operation: "run" });
  const found = least(learned, policy, defaultSyscalls());
  const comment = commentOn(learned, failure);
  const said = comment === null ? found : { ...found, policy: { ...found.policy, comment } };
  return { learned, least: said, result: last, failure };
}

/** Why a run counts as failed; null if it does not. */
export function failureOf({ exitCode, signal, timedOut }: ProcessResult): string | null {
  if (timedOut) return "it ran out of time";
  if (signal !== null) return `signal ${signal}`;
  return exitCode === 0 ? null : `exit code ${exitCode}`;
}

/** A comment in the files, for their later readers. Null: none needed. */
function commentOn({ runs, failedRuns = 0 }: Learned, failure: string | null): string | null {
  if (failedRuns === 0) return null;
  const last = failure === null ? "" : ` (${failure})`;
  return `learned from ${runs} run${runs === 1 ? "" : "s"}, of which ${failedRuns} failed${last}: it may be too little for a run that succeeds`;
}

async function tell(onRun: LearnOptions["onRun"], result: ProcessResult, number: number): Promise<void> {
  try {
    await (onRun?.(result, number) as unknown);
  } catch (cause) {
    throw callbackFailed("learn", "options.onRun", cause);
  }
}

/** File names in the directory of `saveLearned`. */
export const LEARNED_FILES = {
  learned: "learned.json",
  policy: "policy.json",
  seccomp: "seccomp.json",
  apparmor: "apparmor.profile",
  landlock: "landlock.json",
} as const;

/**
 * Writes the outcome to a directory: the policy and the files it refers to, the other formats, and the data for adding
 * later runs.
 */
export async function saveLearned(outcome: LearnResult, directory: string): Promise<void> {
  requireArguments("saveLearned", ["outcome", learnResultArgument, outcome], ["directory", hostPath, directory]);
  const { learned, least: found } = outcome;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const { comment } = found.policy;
  const policy = { ...found.policy, syscalls: { profile: `./${LEARNED_FILES.seccomp}` } };
  const files: readonly (readonly [string, string])[] = [
    [LEARNED_FILES.seccomp, json(commented(found.seccomp, comment))],
    [LEARNED_FILES.apparmor, comment === undefined ? found.apparmor : `# ${comment}\n${found.apparmor}`],
    [LEARNED_FILES.landlock, json(found.landlock)],
    [LEARNED_FILES.learned, json(learned)],
    [LEARNED_FILES.policy, json(policy)],
  ];
  for (const [name, content] of files) await writeFile(join(directory, name), content);
}

/** The format has room for a comment only at its rules. */
function commented(seccomp: LearnedSeccomp, comment: string | undefined): LearnedSeccomp {
  const [first, ...rest] = seccomp.syscalls;
  return comment === undefined || first === undefined
    ? seccomp
    : { ...seccomp, syscalls: [{ ...first, comment }, ...rest] };
}

/**
 * Reads the data that `saveLearned` stored about earlier runs in `directory`.
 * @throws BulkheadError LEARN_FAILED if it is invalid
 */
export async function readLearned(directory: string): Promise<Learned> {
  requireArguments("readLearned", ["directory", hostPath, directory]);
  const path = join(directory, LEARNED_FILES.learned);
  const refuse = (why: Unreadable) => new BulkheadError("LEARN_FAILED", { path, ...why });
  const text = (await readGivenFile(path, LARGEST_LEARNED, refuse)).toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (isLearned(value)) return value;
  } catch (cause) {
    throw new BulkheadError("LEARN_FAILED", { operation: "read", path, cause });
  }
  throw new BulkheadError("LEARN_FAILED", { operation: "read", path, detail: "not what learn writes" });
}

/** Paths and calls of a large job take a few MiB. */
const LARGEST_LEARNED = 256 * 1024 * 1024;

/** The user's own file: check that it has our format, but not every number in it. */
function isLearned(value: unknown): value is Learned {
  if (typeof value !== "object" || value === null) return false;
  const { version, runs, syscalls, files, peers } = value as Partial<Record<keyof Learned, unknown>>;
  const isObject = (field: unknown) => typeof field === "object" && field !== null;
  return version === 1 && typeof runs === "number" && isObject(syscalls) && isObject(files) && Array.isArray(peers);
}

function defaultSyscalls(): number {
  return new Set(builtInProfile("default").allow.flatMap(({ names }) => names)).size;
}

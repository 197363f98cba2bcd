import type { JobRun } from "./job-run.js";

/** One difference between the results. */
export interface Difference {
  /** `exit`, `stdout`, `stderr`, or the path of a file. */
  readonly what: string;
  /** The values at the first and second level; null if absent. */
  readonly values: readonly [string | null, string | null];
}

const LONGEST = 120;

/** Differences in how two runs ended, in their output and in the files they left. Pure. */
export function differencesOf(one: JobRun, other: JobRun): readonly Difference[] {
  return [
    ...difference("exit", endOf(one), endOf(other)),
    ...outputs("stdout", one.stdout, other.stdout),
    ...outputs("stderr", one.stderr, other.stderr),
    ...[...new Set([...Object.keys(one.files), ...Object.keys(other.files)])]
      .sort()
      .flatMap((path) => difference(path, one.files[path] ?? null, other.files[path] ?? null)),
  ];
}

function endOf({ exitCode, signal, timedOut }: JobRun): string {
  if (timedOut) return "timed out";
  return signal ?? `exit code ${exitCode}`;
}

/** Shows the first line that differs. */
function outputs(what: string, one: string, other: string): readonly Difference[] {
  if (one === other) return [];
  const [ones, others] = [one.split("\n"), other.split("\n")];
  const at = ones.findIndex((line, index) => line !== others[index]);
  const line = at === -1 ? ones.length : at;
  const shown = (lines: readonly string[]) => {
    const text = lines[line];
    return text === undefined ? null : `line ${line + 1}: ${text.slice(0, LONGEST)}`;
  };
  return [{ what, values: [shown(ones), shown(others)] }];
}

function difference(what: string, one: string | null, other: string | null): readonly Difference[] {
  return one === other ? [] : [{ what, values: [one, other] }];
}

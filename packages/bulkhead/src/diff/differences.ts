import type { JobRun } from "./job-run.js";

/** One thing that came out differently. */
export interface Difference {
  /** `exit`, `stdout`, `stderr`, or the path of a file. */
  readonly what: string;
  /** At the first level, and at the second; null: it is not there. */
  readonly values: readonly [string | null, string | null];
}

const LONGEST = 120;

/** What differs in how two runs ended, what they put out and what they left. Pure. */
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

/** The first line that is another says most. */
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

import type { RunResult } from "bulkhead";

/** What a run's exit code does not tell: which limit it met, and the flag that moves it. */
export function notesOn(result: RunResult): readonly string[] {
  return [
    result.timedOut ? "killed: it ran longer than allowed (--timeout)" : undefined,
    result.oomKilled ? "killed: it used more memory than allowed (--memory)" : undefined,
    result.pidsExceeded ? "it wanted more processes than allowed (--pids)" : undefined,
    result.diskFull ? "it filled a file system (--disk)" : undefined,
    result.outputTruncated ? "killed: it printed more than allowed (--max-output)" : undefined,
    result.error === undefined ? undefined : `${result.error.message}\n  remedy: ${result.error.remedy}`,
  ].filter((note) => note !== undefined);
}

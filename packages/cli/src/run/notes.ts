import { type BulkheadError, printableLine, type RunResult, type WriteBackOutcome } from "bulkhead";

/** What a run's exit code does not show: which limit it met, and the flag that changes it. */
export function notesOn(result: RunResult): readonly string[] {
  return [
    result.timedOut ? "killed: the workload exceeded its time limit (--timeout)" : undefined,
    result.oomKilled ? "killed: the workload exceeded its memory limit (--memory)" : undefined,
    result.pidsExceeded ? "the workload tried to exceed its process limit (--pids)" : undefined,
    result.diskFull ? "the workload filled a file system (--disk)" : undefined,
    result.outputTruncated ? "killed: the workload exceeded its output limit (--max-output)" : undefined,
    ...writeBackNotes(result.writeBack),
    ...result.lowered,
    ...result.notes.map((note) => `image: ${printableLine(note)}`),
    result.error === undefined ? undefined : failure(result.error),
  ].filter((note) => note !== undefined);
}

/** The workload chooses the names: they may contain anything. */
function writeBackNotes(outcome: WriteBackOutcome | null): readonly string[] {
  if (outcome === null) return [];
  const { directories, error } = outcome;
  const left = directories.flatMap((directory) => directory.left);
  const more = directories.reduce((sum, { leftMore }) => sum + leftMore, 0);
  return [
    ...left.map(({ path, why }) => `${printableLine(path)}: ${WHY[why] ?? why}`),
    ...(more === 0 ? [] : [`${more} more files are not on the host as they were inside`]),
    ...(error === undefined ? [] : [failure(error)]),
  ];
}

/** A failure's message may name a file inside: only lines after the first are ours. */
function failure({ code, message, remedy }: BulkheadError): string {
  return `${code}: ${printableLine(message)}\n  remedy: ${remedy}`;
}

const WHY: Readonly<Record<string, string>> = {
  kind: "not a file, directory or link, so not written to the host",
  "set-id": "written to the host without its set-id bits",
  "changed-on-host": "removed inside, but kept on the host because the host changed it in the meantime",
};

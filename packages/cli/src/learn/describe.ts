import { printableLine } from "bulkhead";
import type { Checked, LearnResult } from "bulkhead/learn";

const MOST_NAMED = 10;

/** The result of learning, for people: how much attack surface it removes, and what to check. */
export function describeLearned(
  { learned, least, failure }: LearnResult,
  directory: string,
  checked: Checked | undefined,
): string {
  const { surface, seenOnce } = least;
  const { paths, syscalls } = surface;
  const failed = learned.failedRuns ?? 0;
  const lines = [
    `learned from ${learned.runs} run${learned.runs === 1 ? "" : "s"}${failed === 0 ? "" : `, of which ${failed} failed`}: ${directory}/policy.json`,
    ...(failure === null ? [] : [`the program failed (${failure}): this is the policy of a run that failed`]),
    `system calls: ${syscalls.after} of the ${syscalls.before} that the default profile allows`,
    `files: reads below ${paths.read} paths, lists ${paths.list}, writes below ${paths.write}, executes ${paths.execute}; before, everything in the root`,
    `network: ${surface.network ? "used" : "not used, so none allowed"}`,
    ...(learned.cutOff ? ["a run did too much to record in full, so the policy may be too narrow"] : []),
    ...once("system calls", seenOnce.syscalls),
    ...once("files", seenOnce.paths),
    ...(checked === undefined
      ? []
      : checked.same
        ? [failure === null ? "checked: the result is the same" : "checked: it fails the same way"]
        : checked.differences.map((difference) => `checked: ${printableLine(difference)}`)),
  ];
  return lines.map((line) => `bulkhead: ${line}\n`).join("");
}

function once(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : "";
  return [`${what} that only one run needed: ${names.slice(0, MOST_NAMED).map(printableLine).join(" ")}${more}`];
}

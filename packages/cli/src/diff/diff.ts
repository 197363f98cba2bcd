import {
  BulkheadError,
  compareLevels,
  type JobComparison,
  type JobRun,
  LEVELS,
  type Level,
  printableLine,
} from "bulkhead";
import { defined } from "../defined.js";
import { imageOptions } from "../images/flags.js";
import { progressOn } from "../images/progress.js";
import { type Style, styleFor } from "../output/style.js";
import { table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import { policyFrom } from "../policy/from-flags.js";
import type { DiffFlags } from "./flags.js";

/** Compares, and exits with 1 if the results differ. */
export async function diff(argv: readonly string[], flags: DiffFlags): Promise<void> {
  const { level, ...rest } = flags;
  const policy = await policyFrom(rest);
  const progress = progressOn(process.stderr, false);
  const comparison = await compareLevels(argv, pairOf(level ?? []), policy, {
    images: imageOptions(rest, progress.onEvent),
    ...defined({ broker: flags.broker }),
  }).finally(() => progress.stop());
  const text = flags.json === true ? jsonLine(comparison) : `${render(comparison, styleFor(process.stdout))}\n`;
  await print(process.stdout, text);
  await finish(comparison.same ? 0 : 1);
}

function pairOf(names: readonly string[]): readonly [Level, Level] {
  const [one, other, ...more] = names.flatMap((name) => LEVELS.filter((level) => level === name));
  if (one === undefined || other === undefined || more.length > 0) {
    throw new BulkheadError("USAGE", { detail: "--level must be given twice: the two levels to compare" });
  }
  return [one, other];
}

const MIB = 1024 * 1024;

/** Both runs side by side, then the differences. */
export function render({ runs, differences, same }: JobComparison, style: Style): string {
  const row = (what: string, of: (run: JobRun) => string) => [
    { text: what },
    ...runs.map((run) => ({ text: of(run) })),
  ];
  const overview = [
    [{ text: "" }, ...runs.map(({ level }) => ({ text: level, paint: style.strong }))],
    row("ended", ({ exitCode, signal, timedOut }) => (timedOut ? "timed out" : (signal ?? `exit code ${exitCode}`))),
    row("stdout", ({ stdout }) => `${Buffer.byteLength(stdout)} bytes`),
    row("stderr", ({ stderr }) => `${Buffer.byteLength(stderr)} bytes`),
    row("files left", ({ files }) => String(Object.keys(files).length)),
    row("time", ({ durationMs }) => `${Math.round(durationMs)} ms`),
    row("memory", ({ memoryPeakBytes: bytes }) => (bytes === null ? "-" : `${Math.round(bytes / MIB)} MiB`)),
  ];
  const lines = differences.map(({ what, values }) => [
    { text: printableLine(what), paint: style.doubtful },
    ...values.map((value) => ({ text: value === null ? "(not there)" : printableLine(value) })),
  ]);
  const verdict = same ? style.good("Both runs gave the same result.") : style.bad("The results differ:");
  return [table(overview), "", verdict, ...(same ? [] : [table(lines, widthOf(process.stdout))])].join("\n");
}

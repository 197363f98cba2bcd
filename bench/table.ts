import type { Measurement } from "./measure.js";
import type { Verdict } from "./promises.js";

/** Medians with their ratio to the first subject, then the promises. */
export function table(title: string, { measured, absent }: Measurement, verdicts: readonly Verdict[]): string {
  return [
    ...align(cells(title, measured)),
    ...absent.map(({ name, absent: why }) => `${name}: not measured: ${why}`),
    ...verdicts.map(promiseLine),
    "",
  ].join("\n");
}

/** A heading, and a row for each subject. */
export function cells(title: string, measured: Measurement["measured"]): readonly (readonly string[])[] {
  const first = measured[0]?.summary.medianMs ?? Number.NaN;
  const rows = measured.map(({ name, summary, cpuMs }) => [
    name,
    ms(summary.medianMs),
    ms(summary.p95Ms),
    ms(summary.p99Ms),
    ms(summary.minMs),
    ms(cpuMs),
    `${(summary.medianMs / first).toFixed(2)} ×`,
  ]);
  return [[title, "median", "p95", "p99", "min", "CPU", `÷ ${measured[0]?.name ?? "?"}`], ...rows];
}

export function promiseLine({ subject, peer, atMost, unit, ratio, kept }: Verdict): string {
  const promise = unit === "ms" ? `  ${subject} ≤ ${peer} + ${atMost} ms` : `  ${subject} ≤ ${atMost} × ${peer}`;
  if (ratio === null) return `${promise}: not measured`;
  return `${promise}: ${ratio.toFixed(3)} ${kept === true ? "kept" : "NOT KEPT"}`;
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

/** The first column to the left, numbers to the right. */
function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("   "),
  );
}

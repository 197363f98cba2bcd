import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "../environment.js";
import type { Measurement } from "../measure.js";
import type { Verdict } from "../promises.js";
import { cells, promiseLine } from "../table.js";
import { chart } from "./chart.js";

/** A group that was measured. */
export interface Outcome extends Measurement {
  readonly title: string;
  readonly verdicts: readonly Verdict[];
}

export interface Report {
  /** As the run began. */
  readonly machine: Machine;
  /** Of the peers; null: not installed. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly against: string | null;
  readonly outcomes: readonly Outcome[];
  readonly memory: unknown;
}

/** Writes `results.json`, a page with a table of each group, and a chart of each. */
export async function writeReport(directory: string, report: Report): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "results.json"), `${JSON.stringify(report, null, 2)}\n`);
  const drawn = report.outcomes.filter(({ measured }) => measured.length > 0);
  for (const { title, measured } of drawn) await writeFile(join(directory, fileOf(title)), chart(title, measured));
  await writeFile(join(directory, "README.md"), page(report));
}

function page({ machine, versions, against, outcomes }: Report): string {
  const { kernel, cpu, cpus, memoryGiB, cgroup, node, load } = machine;
  const installed = Object.entries(versions).map(([name, version]) => `- ${name}: ${version ?? "not installed"}`);
  return [
    "# Benchmarks",
    "",
    "`npm run bench -- --report docs/benchmarks` wrote this page, its charts and `results.json`.",
    "[performance.md](../performance.md) says what is promised and how it is measured. Compare within one table only:",
    "its subjects took turns in one run.",
    "",
    `- Machine: ${cpus} × ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, cgroup ${cgroup}, Node ${node}`,
    `- Load when the run began: ${load}, which is ${describeLoad(load, cpus)}`,
    ...installed,
    ...(against === null ? [] : [`- Beside the build of ${against}`]),
    ...outcomes.flatMap(section),
    "",
  ].join("\n");
}

function describeLoad(load: number, cpus: number): string {
  if (load < 0.5) return "an idle machine";
  return load <= cpus ? "a machine with other work" : "more than its processors: ratios mean something, times do not";
}

function section({ title, measured, absent, verdicts }: Outcome): readonly string[] {
  const [heading = [], ...rows] = cells(title, measured);
  const row = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;
  return [
    "",
    `## ${title}`,
    "",
    ...(measured.length === 0
      ? []
      : [`![${title}](${fileOf(title)})`, "", row(["", ...heading.slice(1)]), row(heading.map(() => "---"))]),
    ...rows.map(row),
    "",
    ...[...absent.map(({ name, absent: why }) => `${name}: not measured: ${why}`), ...verdicts.map(promiseLine)].map(
      (line) => `- ${line.trim()}`,
    ),
  ];
}

function fileOf(title: string): string {
  return `${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.svg`;
}

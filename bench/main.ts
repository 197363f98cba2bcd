/** `npm run bench [-- --json FILE] [--runs N] [--only launch|command|steady|filter|record|images|gvisor|microvm|egress|memory]`: what the walls cost, peers measured in the same run. */

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { egressGroups } from "./egress/groups.js";
import { machine, requireSetUp, versionOf } from "./environment.js";
import { FILTERS, filtered, programs } from "./filter/filtered.js";
import { bareRunsc } from "./gvisor/bare.js";
import { launchFrom } from "./images/launch.js";
import { unpublish } from "./images/published.js";
import { bulkheadPull, type Start, skopeoAndUmoci } from "./images/subjects.js";
import { type Measurement, measure } from "./measure.js";
import { idleSandboxes, memoryTable } from "./memory/idle.js";
import { bareQemu, microvm } from "./microvm/subjects.js";
import {
  commandPromises,
  egressPromises,
  filterPromises,
  gvisorPromises,
  imageLaunchPromises,
  judge,
  launchPromises,
  microvmPromises,
  pullPromises,
  recordPromises,
  steadyPromises,
  type Verdict,
} from "./promises.js";
import { inside } from "./steady/inside.js";
import { outside } from "./steady/outside.js";
import { workloads } from "./steady/workloads.js";
import type { Prepare } from "./subject.js";
import { bulkhead } from "./subjects/bulkhead.js";
import { commandLine, launcher, nodeAlone } from "./subjects/commands.js";
import { bareSpawn, bubblewrap, runc } from "./subjects/peers.js";
import { recorded } from "./subjects/recorded.js";
import { table } from "./table.js";

const { values } = parseArgs({
  options: { json: { type: "string" }, runs: { type: "string", default: "200" }, only: { type: "string" } },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) {
  process.stderr.write("--runs takes a whole number of at least 1\n");
  process.exit(2);
}
requireSetUp();

const groups: readonly Group[] = [
  {
    kind: "launch",
    title: "launch to result of true",
    subjects: [bareSpawn, bubblewrap, runc, () => bulkhead("chroot"), () => bulkhead("container")],
    runs,
    promises: launchPromises,
  },
  {
    kind: "command",
    title: "command line",
    subjects: [nodeAlone, commandLine, launcher],
    runs: Math.ceil(runs / 5),
    promises: commandPromises,
  },
  ...Object.entries(workloads).map(([title, script]) => ({
    kind: "steady",
    title,
    subjects: [() => outside(script), () => inside(script)],
    runs: Math.ceil(runs / 10),
    promises: steadyPromises,
  })),
  ...Object.entries(programs).map(([title, program]) => ({
    kind: "filter",
    title,
    subjects: (Object.keys(FILTERS) as (keyof typeof FILTERS)[]).map((name) => () => filtered(name, program)),
    runs: Math.ceil(runs / 5),
    promises: filterPromises,
  })),
  {
    kind: "record",
    title: "launch to result of true, with a signed record",
    subjects: [() => bulkhead("container"), () => recorded("with a record"), () => recorded("with a record in a file")],
    runs,
    promises: recordPromises,
  },
  {
    kind: "images",
    title: "launch from an image in the store",
    subjects: [() => launchFrom("base"), () => launchFrom("image")],
    runs,
    promises: imageLaunchPromises,
  },
  {
    kind: "gvisor",
    title: "gVisor: launch to result of true",
    subjects: [() => bareRunsc("defaults"), () => bareRunsc("options of the jail"), () => bulkhead("gvisor")],
    runs: Math.max(10, Math.ceil(runs / 4)),
    warmUp: 3,
    promises: gvisorPromises,
  },
  {
    kind: "microvm",
    title: "microVM: launch to result of true",
    subjects: [
      () => bareQemu("distribution"),
      () => bareQemu("built"),
      () => microvm("distribution", "cold"),
      () => microvm("built", "cold"),
      () => microvm("distribution", "restored"),
      () => microvm("built", "restored"),
    ],
    runs: Math.max(5, Math.ceil(runs / 20)),
    warmUp: 1,
    promises: microvmPromises,
  },
  ...(["first", "cached"] satisfies Start[]).map((start) => ({
    kind: "images",
    title: `pull and unpack Debian with Python, ${start}`,
    subjects: [() => skopeoAndUmoci(start), () => bulkheadPull(start)],
    runs: Math.max(3, Math.ceil(runs / 40)),
    warmUp: 1,
    promises: pullPromises(start),
  })),
  ...egressGroups.map((group) => ({ ...group, kind: "egress", runs: Math.ceil(runs / 20), promises: egressPromises })),
];

interface Group {
  readonly kind: string;
  readonly title: string;
  readonly subjects: readonly Prepare[];
  readonly runs: number;
  readonly warmUp?: number;
  readonly promises: Parameters<typeof judge>[0];
}

interface Outcome extends Measurement {
  readonly title: string;
  readonly verdicts: readonly Verdict[];
}

const outcomes: Outcome[] = [];
for (const group of groups.filter(({ kind }) => values.only === undefined || values.only === kind)) {
  const measurement = await measure(group.subjects, group.runs, (round) => progress(group, round), group.warmUp);
  const verdicts = judge(group.promises, measurement.measured);
  outcomes.push({ title: group.title, ...measurement, verdicts });
  process.stdout.write(`${table(group.title, measurement, verdicts)}\n`);
}
await unpublish();
const memory = values.only === undefined || values.only === "memory" ? await idleSandboxes() : undefined;
if (memory !== undefined) process.stdout.write(`${memoryTable(memory)}\n`);
if (values.json !== undefined) {
  const versions = { bubblewrap: await versionOf("bwrap"), runc: await versionOf("runc") };
  await writeFile(values.json, `${JSON.stringify({ machine: machine(), versions, outcomes, memory }, null, 2)}\n`);
}

function progress({ title, runs: of }: Group, round: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${round < of ? `${title}: ${round} of ${of}` : ""}`);
}

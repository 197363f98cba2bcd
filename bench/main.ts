/**
 * `npm run bench [-- --json FILE] [--report DIRECTORY] [--runs N] [--only KIND,…] [--against REVISION]
 * [--at-most RATIO]`: the cost of the walls, with peers measured in the same run; or, with `--against`, this build
 * compared with that of another commit.
 * KIND: launch, pool, command, steady, filter, record, images, gvisor, microvm, egress, channels,
 * services, server, memory.
 */

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { againstBuild } from "./against.js";
import { here, requireSetUp } from "./build.js";
import { checkOut } from "./check-out.js";
import { machine, versionOf } from "./environment.js";
import { besidePeers, type Group } from "./groups.js";
import { unpublish } from "./images/published.js";
import { measure } from "./measure.js";
import { idleSandboxes, memoryTable } from "./memory/idle.js";
import { processesTable } from "./memory/processes.js";
import { judge } from "./promises.js";
import { type Outcome, writeReport } from "./report/write.js";
import { table } from "./table.js";

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    report: { type: "string" },
    runs: { type: "string", default: "200" },
    only: { type: "string" },
    against: { type: "string" },
    "at-most": { type: "string", default: "1.05" },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) fail("--runs takes a whole number of at least 1");
const atMost = Number(values["at-most"]);
if (!(atMost > 0)) fail("--at-most takes a ratio above 0");
const only = values.only?.split(",");
const isAsked = (kind: string) => only === undefined || only.includes(kind);
requireSetUp();

const other = values.against === undefined ? undefined : await checkOut(values.against, only ?? []);
const groups = (other === undefined ? besidePeers(runs) : againstBuild(other, runs, atMost)).filter(({ kind }) =>
  isAsked(kind),
);

const started = machine();
const outcomes: Outcome[] = [];
for (const group of groups) {
  const measurement = await measure(group.subjects, group.runs, (round) => progress(group, round), group.warmUp);
  const verdicts = judge(group.promises, measurement.measured);
  outcomes.push({ title: group.title, ...measurement, verdicts });
  process.stdout.write(`${table(group.title, measurement, verdicts)}\n`);
}
await unpublish();
const memory = other === undefined && isAsked("memory") ? await idleSandboxes() : undefined;
if (memory !== undefined) process.stdout.write(`${memoryTable(memory)}\n`);
if (isAsked("memory")) process.stdout.write(await processesTable(other === undefined ? [here] : [here, other]));
const peers = { bubblewrap: "bwrap", runc: "runc", crun: "crun" };
const versions = Object.fromEntries(
  await Promise.all(Object.entries(peers).map(async ([name, program]) => [name, (await versionOf(program)) ?? null])),
);
const report = { machine: started, versions, against: values.against ?? null, outcomes, memory: memory ?? null };
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
if (values.report !== undefined) await writeReport(values.report, report);

function progress({ title, runs: of }: Group, round: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${round < of ? `${title}: ${round} of ${of}` : ""}`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

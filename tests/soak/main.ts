/**
 * `npm run soak -- [--launches N] [--levels A,B] [--seed S]`: many launches with limits hit and processes killed; exits
 * 1 if anything is wrong or left.
 */

import { parseArgs } from "node:util";
import { LEVELS, type Level } from "bulkhead";
import { lackFor } from "../support/levels.js";
import { isLeak } from "./growth.js";
import { type Outcome, soak } from "./soak.js";

/** Of all launches. A machine without KVM boots for a second or more. */
const SHARE: Readonly<Record<Level, number>> = { chroot: 0.3, container: 0.6, gvisor: 0.08, microvm: 0.02 };
const { values } = parseArgs({
  options: {
    launches: { type: "string", default: "10000" },
    levels: { type: "string", default: LEVELS.join(",") },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const launches = Number(values.launches);
const seed = Number(values.seed);
const asked = values.levels.split(",");
process.stdout.write(`seed ${seed}\n`);
let problems = 0;
for (const level of LEVELS.filter((one) => asked.includes(one))) {
  const lack = await lackFor(level);
  if (lack !== undefined) {
    process.stdout.write(`${level}: not here: ${lack}\n`);
    continue;
  }
  const share = asked.length === 1 ? 1 : SHARE[level];
  for (const chaos of [false, true]) {
    const name = `${level}, ${chaos ? "processes killed" : "quiet"}`;
    const outcome = await soak(
      { level, launches: Math.ceil((launches * share) / 2), seed, chaos },
      (done) => process.stderr.isTTY && process.stderr.write(`\r${name}: ${done}`),
    );
    problems += report(name, outcome);
  }
}
process.exitCode = problems === 0 ? 0 : 1;

function report(name: string, { launches, lost, kills, workers, problems, growth }: Outcome): number {
  const grown = growth.filter(isLeak).map((one) => `grew: ${one.process} ${one.what} ${one.early} to ${one.late}`);
  const all = [...problems, ...grown];
  process.stdout.write(
    `${name}: ${launches} launches, ${kills} kills, ${workers} processes of the library, ${lost} uses lost; ${all.length} problems\n`,
  );
  for (const { process: of, what, early, late } of growth) process.stdout.write(`  ${of} ${what}: ${early}, ${late}\n`);
  for (const problem of all) process.stdout.write(`  ${problem}\n`);
  return all.length;
}

/** `npm test`: every check and every suite, and at the very end the failures and one line with the counts. */

import { parseArgs } from "node:util";
import { type Part, parts } from "./parts.js";
import { runPart } from "./run.js";
import { add, nothing, summary } from "./verdict.js";

/** Of each part, at the end. */
const MOST_SHOWN = 20;

const { values } = parseArgs({
  options: { only: { type: "string" }, skip: { type: "string" }, list: { type: "boolean" } },
});

if (values.list === true) {
  for (const { name, group } of parts) process.stdout.write(`${name}\t${group}\n`);
  process.exit(0);
}

let sum = nothing;
const table: string[] = [];
for (const part of selected()) {
  process.stdout.write(`\n=== ${part.name}: ${part.argv.join(" ")}\n`);
  const began = performance.now();
  const verdict = await runPart(part);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  sum = add(sum, verdict);
  table.push(`${part.name.padEnd(20)} ${summary(verdict)} in ${seconds} s`);
  table.push(...verdict.failures.slice(0, MOST_SHOWN).map((failure) => `  failed: ${failure}`));
}
process.stdout.write(`\n${table.join("\n")}\n\n${summary(sum)}\n`);
process.exitCode = sum.failed > 0 || table.length === 0 ? 1 : 0;

function selected(): readonly Part[] {
  const only = names(values.only);
  const skip = names(values.skip);
  const isNamed = (part: Part, list: readonly string[]) => list.includes(part.name) || list.includes(part.group);
  return parts.filter((part) => (only.length === 0 || isNamed(part, only)) && !isNamed(part, skip));
}

/** A misspelt name must not silently test nothing. */
function names(option: string | undefined): readonly string[] {
  const list = option?.split(",") ?? [];
  const unknown = list.find((name) => !parts.some((part) => part.name === name || part.group === name));
  if (unknown === undefined) return list;
  process.stderr.write(`no part '${unknown}': one of ${parts.map((part) => part.name).join(" ")}\n`);
  process.exit(2);
}

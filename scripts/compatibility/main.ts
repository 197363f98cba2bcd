/**
 * `npm run compatibility [-- --only NAME,… --levels LEVEL,… --dry --resume]`: runs real programs of Debian at every
 * level and writes docs/compatibility.md. With `--only` or `--levels`, or `--dry`, it prints the rows and writes
 * nothing. `--resume` takes the outcomes of runs before this one, of the same scripts, images and levels, and tries
 * only the rest. It exits with 1 when a program fails that is said to work, or works although it is said to fail.
 */

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LEVELS, type Level } from "bulkhead";
import { documentOf, lineOf, type Row } from "./document.js";
import { ensureImages } from "./images.js";
import { Kept } from "./kept.js";
import { isSurprise, type Outcome, tryProgram } from "./outcome.js";
import type { Group } from "./program.js";
import { building } from "./programs/building.js";
import { databases } from "./programs/databases.js";
import { languages } from "./programs/languages.js";
import { science } from "./programs/science.js";
import { screens } from "./programs/screens.js";
import { tools } from "./programs/tools.js";

const groups: readonly Group[] = [languages, building, databases, screens, tools, science];

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    levels: { type: "string" },
    dry: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
  },
});
const levels = LEVELS.filter((level) => chosen(values.levels, level));
const wanted = groups
  .map((group) => ({ group, programs: group.programs.filter(({ name }) => chosen(values.only, name)) }))
  .filter(({ programs }) => programs.length > 0);
if (levels.length === 0 || wanted.length === 0) {
  process.stderr.write(`nothing to run: levels are ${LEVELS.join(", ")}; names are those of docs/compatibility.md\n`);
  process.exit(2);
}

const kept = new Kept(values.resume);
const rows: Row[] = [];
let surprises = 0;
for (const { group, programs } of wanted) {
  const image = await ensureImages(group, say);
  for (const program of programs) {
    const outcomes: Partial<Record<Level, Outcome>> = {};
    for (const level of levels) {
      const outcome = kept.find(program, image, level) ?? (await tryProgram(program, image, level));
      kept.add(program, image, level, outcome);
      outcomes[level] = outcome;
      if (isSurprise(program, level, outcome)) surprises += 1;
    }
    const row = { group, program, outcomes };
    rows.push(row);
    say(lineOf(row));
  }
}

const whole = values.only === undefined && values.levels === undefined && !values.dry;
if (whole) {
  await writeFile(fileURLToPath(new URL("../../docs/compatibility.md", import.meta.url)), documentOf(rows));
}
say(`${rows.length} programs, ${surprises} that did other than is written`);
process.exitCode = surprises === 0 ? 0 : 1;

/** Whether a list with commas names it, without regard to case; no list names everything. */
function chosen(list: string | undefined, name: string): boolean {
  return list?.split(",").some((part) => name.toLowerCase().includes(part.trim().toLowerCase())) ?? true;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

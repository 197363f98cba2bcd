import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../../", import.meta.url).pathname;
/** How a file declares that its cases run at every level (tests/support/levels.ts). */
const SAYS_SO = /\b(?:forEachLevel|exceptAt)\(/;

/** The files of a suite with cases for each level: cases of a single level have already run, and would run again. */
export function casesOfEachLevel(project: string): readonly string[] {
  const files = readdirSync(join(root, "tests", project), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `tests/${project}/${name}`)
    .filter((path) => SAYS_SO.test(readFileSync(join(root, path), "utf8")));
  if (files.length === 0) throw new Error(`no file in tests/${project} has cases for each level`);
  return files.sort();
}

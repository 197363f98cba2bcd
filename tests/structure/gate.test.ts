import { expect, it } from "vitest";
import { importsOf, projectFiles, readProjectFile } from "./support/sources.js";

/** What the package exports. */
const LIBRARY = projectFiles(/^packages\/bulkhead\/src\/[a-z]+\.ts$/);
const GATE = "packages/bulkhead/src/egress/process/main.ts";

/** What reads the workload's egress and the answers of hosts outside, or holds the key that the workload trusts. */
const PARSERS =
  /^packages\/bulkhead\/src\/egress\/(inside|http|forward|process)\/|^packages\/bulkhead\/src\/egress\/(rule-gate|judge|open|tls\/(authority|client-hello|ends))\.ts$/;

/** The files that come along with some, loaded at once or later; what is imported for its types alone does not. */
function reachedFrom(...entries: readonly string[]): readonly string[] {
  const reached = [...entries];
  for (const file of reached) {
    const source = readProjectFile(file);
    for (const { specifier, target } of importsOf(file)) {
      const typed = new RegExp(`^\\s*(import|export) type [^;]*?"${specifier.replaceAll(".", "\\.")}"`, "m");
      const forTypes = typed.test(source) && !source.includes(`import("${specifier}")`);
      const path = target?.replace(/\.js$/, ".ts");
      if (path !== undefined && !reached.includes(path) && !forTypes) reached.push(path);
    }
  }
  return reached;
}

it("the library loads nothing that reads egress: only the gate's process does", () => {
  const library = reachedFrom(...LIBRARY);
  expect(LIBRARY).toContain("packages/bulkhead/src/egress.ts");
  expect(library.length).toBeGreaterThan(200);
  expect(library).toContain("packages/bulkhead/src/egress/client/gate.ts");
  expect(library.filter((file) => PARSERS.test(file))).toEqual([]);
  expect(reachedFrom(GATE).filter((file) => PARSERS.test(file)).length).toBeGreaterThan(20);
});

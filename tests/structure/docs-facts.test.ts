import { describe, expect, it } from "vitest";
import { WEAK_POINTS } from "../../packages/bulkhead/src/enforcement/weak-points.js";
import { LANDLOCK_ABIS, NEWEST_LANDLOCK } from "../../packages/bulkhead/src/host/landlock.js";
import { DEFAULT_RESOURCES } from "../../packages/bulkhead/src/policy/defaults.js";
import { PROTECTIONS } from "../../packages/bulkhead/src/policy/protections.js";
import { EXIT } from "../../packages/cli/src/exit-codes.js";
import { type MeasuredSurface, surfaceTables } from "../../scripts/docs/surface-tables.js";
import { errorTable } from "./support/error-table.js";
import { refusalTable } from "./support/refusal-table.js";
import { projectFiles, readProjectFile } from "./support/sources.js";

const guide = readProjectFile("docs/guide.md");

/** What documents repeat of the code must be what the code says. */
describe("documents", () => {
  it("README.md: each level with the weak point that the product states", () => {
    const readme = readProjectFile("README.md");
    for (const [level, weakPoint] of Object.entries(WEAK_POINTS)) {
      expect(readme).toMatch(new RegExp(`^\\| \`${level}\`.*\\|`, "m"));
      expect(readme).toContain(`| ${weakPoint} |`);
    }
  });

  it("docs/guide.md: the names of all protections, in their order", () => {
    const listed = /These are the names:\n\n([\s\S]*?)\n\n/.exec(guide)?.[1] ?? "";
    expect([...listed.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual([...PROTECTIONS]);
  });

  it("docs/guide.md: the exit codes of the command line", () => {
    for (const code of Object.values(EXIT)) expect(guide).toMatch(new RegExp(`^\\| ${code} \\|`, "m"));
  });

  it("docs/guide.md: the default limits", () => {
    const { memoryBytes, diskBytes, outputBytes, pids, openFiles } = DEFAULT_RESOURCES;
    const mib = (bytes: number) => `${bytes / 1024 / 1024}MiB`;
    for (const [field, value] of Object.entries({
      memory: mib(memoryBytes),
      disk: mib(diskBytes),
      output: mib(outputBytes),
      pids,
      openFiles,
    })) {
      expect(guide).toMatch(new RegExp(`\`${field}\` \\| ${value} \\|`));
    }
  });

  it("docs/guide.md: the record of a result, which the type says is null only where the caller requested none", () => {
    const result = readProjectFile("packages/bulkhead/src/sandbox/run-result.ts");
    expect(result).toMatch(/null unless it was asked for\. \*\/\n\s*readonly record:/);
    expect(guide).toMatch(/`enforcement`\s\([^)]*\),\s`record`\s\([^)]*null\sunless\sit\swas\sasked\sfor/);
  });

  it("docs/policy.md: the table of Landlock's ABIs, which the warden's own numbers agree with", () => {
    const table = /<!-- landlock: .*-->\n.*\n.*\n([\s\S]*?)\n<!-- \/landlock -->/.exec(
      readProjectFile("docs/policy.md"),
    )?.[1];
    const rows = LANDLOCK_ABIS.map(({ abi, linux, adds, use }) => `| ${abi} | ${linux} | ${adds} | ${use} |`);
    expect(table?.split("\n")).toEqual(rows);
    expect(LANDLOCK_ABIS.map(({ abi }) => abi)).toEqual(rows.map((_, index) => index + 1));
    expect(LANDLOCK_ABIS).toHaveLength(NEWEST_LANDLOCK);
  });

  it("docs/policy.md: every call that the default profile refuses", () => {
    const table = /<!-- refused: .*-->\n.*\n.*\n([\s\S]*?)\n<!-- \/refused -->/.exec(
      readProjectFile("docs/policy.md"),
    )?.[1];
    expect(table, "node --import tsx tests/structure/support/refusal-table.ts prints it").toBe(refusalTable());
  });

  it("docs/guide.md: every error code, with cause and remedy", () => {
    const table = /<!-- errors: .*-->\n([\s\S]*)\n<!-- \/errors -->/.exec(guide)?.[1];
    expect(table, "node --import tsx tests/structure/support/error-table.ts prints it").toBe(errorTable());
  });

  it("docs/surface.md: what was measured, as docs/surface.json has it", () => {
    const page = readProjectFile("docs/surface.md");
    const measured = JSON.parse(readProjectFile("docs/surface.json")) as MeasuredSurface;
    for (const table of Object.values(surfaceTables(measured))) {
      expect(page, "npm run docs:surface measures again").toContain(`-->\n${table}\n<!-- /surface -->`);
    }
  });

  it("name only files that are there", () => {
    const known = projectFiles(/./);
    const missing = projectFiles(
      /^(README|CONTRIBUTING|SECURITY)\.md$|^docs\/(architecture|decisions\/.*)\.md$/,
    ).flatMap((document) =>
      [...readProjectFile(document).matchAll(/`([\w@./-]*\.(?:ts|rs|json|sh))`/g)]
        .map(([, name = ""]) => name)
        .filter((name) => !known.some((path) => path === name || path.endsWith(`/${name}`)))
        .map((name) => `${document} names ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

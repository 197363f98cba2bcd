/** Each tutorial as its reader follows it: its files written, its commands run in turn, what they print compared. */

import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { projectFiles, readProjectFile, root } from "../structure/support/sources.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { execute } from "./support/execute.js";

interface Step {
  /** Writes this file, or, without a name, runs it as a script. */
  readonly file: string | undefined;
  readonly text: string;
  /** Lines that the script prints; `…` stands for anything. */
  readonly prints: string;
}

const tutorials = projectFiles(/^docs\/tutorials\/.*\.md$/);
const require = createRequire(import.meta.url);

let project: TemporaryDirectory;
beforeAll(async () => {
  project = await TemporaryDirectory.create("tutorials", 0o755);
  await mkdir(project.join("node_modules"));
  await symlink(`${root}packages/bulkhead`, project.join("node_modules/bulkhead"));
  await writeFile(project.join("package.json"), JSON.stringify({ private: true, type: "module" }));
  await mkdir(project.join("bin"));
  await symlink(`${root}bulkhead`, project.join("bin/bulkhead"));
  // Node before 22.18 runs no TypeScript.
  const loader = pathToFileURL(require.resolve("tsx")).href;
  await writeFile(project.join("bin/node"), `#!/bin/sh\nexec '${process.execPath}' --import ${loader} "$@"\n`);
  await chmod(project.join("bin/node"), 0o755);
});
afterAll(() => project?.[Symbol.asyncDispose]());

it("there are tutorials with commands to run", () => {
  expect(tutorials.length).toBeGreaterThanOrEqual(6);
  for (const path of tutorials) {
    expect(
      stepsOf(readProjectFile(path)).some(({ file }) => file === undefined),
      path,
    ).toBe(true);
  }
});

it.each(tutorials)("%s prints what it says", { timeout: 120_000 }, async (path) => {
  const directory = project.join(path.replaceAll("/", "-").replace(/\.md$/, ""));
  await mkdir(directory);
  for (const { file, text, prints } of stepsOf(readProjectFile(path))) {
    if (file !== undefined) {
      await writeFile(`${directory}/${file}`, text);
      continue;
    }
    const env = { PATH: `${project.join("bin")}:${process.env["PATH"]}` };
    // What a command says on stderr, such as that a checkout builds something first, is not the example's.
    const ended = await execute("sh", ["-e", "-c", `exec 2>errors\n${text}`], directory, { env });
    const errors = await readFile(`${directory}/errors`, "utf8");
    expect(ended.output.trimEnd(), errors).toMatch(patternOf(prints));
    expect(ended.code, errors).toBe(0);
  }
});

/** Blocks below `<!-- file: NAME -->` and `<!-- run -->`, and the text block after one that runs. */
function stepsOf(document: string): readonly Step[] {
  const block = /^<!-- (?:file: (\S+)|run) -->\n```\w+\n([\s\S]*?)^```(?:\n\n```text\n([\s\S]*?)^```)?/gm;
  return [...document.matchAll(block)].map(([, file, text = "", prints = ""]) => ({ file, text, prints }));
}

function patternOf(prints: string): RegExp {
  const lines = prints.trimEnd().split("\n");
  const exact = lines.map((line) => line.split("…").map(literally).join(".*"));
  return new RegExp(`^${exact.join("\n")}$`);
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

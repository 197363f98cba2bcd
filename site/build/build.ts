/**
 * `npm run site [-- --out DIRECTORY]`: the documentation as static pages, from the documents and the docstrings. Uses
 * no network, and neither do the pages.
 */

import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { MeasuredSurface } from "../../scripts/docs/surface-tables.js";
import { levelsTable } from "./levels.js";
import { type Destination, prepared, targetsOf } from "./markdown.js";
import { sectionsOf } from "./pages.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const typedoc = join(root, "site/node_modules/typedoc/bin/typedoc");

/** Builds the site in `out`, whose content it replaces. */
export async function buildSite(out: string): Promise<void> {
  const stage = await mkdtemp(join(tmpdir(), "bulkhead-site-"));
  try {
    const documents = await stageDocuments(stage);
    await stageLanding(stage);
    const options = join(stage, "typedoc.json");
    await writeFile(options, JSON.stringify(await optionsFor(stage, documents, out)));
    await promisify(execFile)(process.execPath, [typedoc, "--options", options], { cwd: root });
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Writes each document to the same place below `stage`, with the files that it links to. Returns their paths there. */
async function stageDocuments(stage: string): Promise<readonly string[]> {
  const tracked = trackedFiles();
  const sections = sectionsOf(
    tracked.filter((path) => /^(?:docs\/.*|CONTRIBUTING|SECURITY|CHANGELOG)\.md$/.test(path)),
  );
  const pages = new Set(sections.flatMap(({ pages }) => pages));
  const destination = (path: string): Destination =>
    pages.has(path) ? "page" : /^(?:docs|examples)\/.*\.\w+$/.test(path) && tracked.includes(path) ? "file" : "none";
  const staged: string[] = [];
  for (const { title, pages } of sections) {
    for (const path of pages) {
      const text = await readFile(join(root, path), "utf8");
      const target = join(stage, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, prepared({ path, section: title, text }, destination));
      for (const file of targetsOf(path, text).filter((each) => destination(each) === "file")) {
        await cp(join(root, file), join(stage, file));
      }
      staged.push(target);
    }
  }
  return staged;
}

async function stageLanding(stage: string): Promise<void> {
  const measured = JSON.parse(await readFile(join(root, "docs/surface.json"), "utf8")) as MeasuredSurface;
  const landing = await readFile(join(root, "site/landing.md"), "utf8");
  await mkdir(join(stage, "site"));
  await writeFile(
    join(stage, "site/landing.md"),
    landing.replace("<!-- levels -->", () => levelsTable(measured)),
  );
}

async function optionsFor(stage: string, documents: readonly string[], out: string): Promise<object> {
  const given = JSON.parse(await readFile(join(root, "site/typedoc.json"), "utf8")) as Entries;
  return {
    ...given,
    entryPoints: given.entryPoints.map((path) => join(root, path)),
    tsconfig: join(root, "packages/bulkhead/tsconfig.json"),
    projectDocuments: documents,
    readme: join(stage, "site/landing.md"),
    customCss: join(root, "site/theme/site.css"),
    plugin: [join(root, "site/theme/plugin.mjs")],
    favicon: join(root, "site/theme/favicon.svg"),
    out,
  };
}

interface Entries {
  readonly entryPoints: readonly string[];
}

/** What is, or is about to be, committed. */
function trackedFiles(): readonly string[] {
  const argv = ["ls-files", "--cached", "--others", "--exclude-standard"];
  return execFileSync("git", argv, { cwd: root, encoding: "utf8" }).split("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , option, directory] = process.argv;
  const out = resolve(option === "--out" && directory !== undefined ? directory : join(root, "dist/site"));
  await buildSite(out);
  console.log(out);
}

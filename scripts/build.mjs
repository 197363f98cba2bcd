// Bundles the library and the command line. Plain JavaScript: it runs before anything else was built.
//
// One file each, with what is imported lazily split off, because reading many small files is most of Node's start-up time.

import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: "linked",
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning",
  write: false,
  // CommonJS packages ask for Node's own modules with `require`, which an ES module does not have.
  banner: { js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);' },
};

await bundle("packages/bulkhead", { index: "packages/bulkhead/src/index.ts" });
// The command line sees the library only as any other program would: its exports, from its own file.
await bundle("packages/cli", { bulkhead: "packages/cli/src/main.ts" }, ["bulkhead"]);
await writeSchema();

/** Writes the bundle of `entries` to `directory`/dist, and removes what an earlier build left there. */
async function bundle(directory, entries, external = []) {
  const dist = `${root}${directory}/dist`;
  const { outputFiles } = await build({ ...common, entryPoints: entries, outdir: dist, external });
  await mkdir(dist, { recursive: true });
  // Entries after what they import, each by renaming: who starts meanwhile gets the old build or the new one, never half of it.
  const isEntry = ({ path }) => Object.keys(entries).includes(basename(path, ".js"));
  for (const file of [...outputFiles.filter((each) => !isEntry(each)), ...outputFiles.filter(isEntry)]) {
    await writeFile(`${file.path}.new`, file.contents);
    await rename(`${file.path}.new`, file.path);
  }
  const made = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const name of await readdir(dist)) {
    if (/\.js(\.map)?(\.new)?$/.test(name) && !made.has(name)) await rm(`${dist}/${name}`);
  }
}

/** The policy as JSON Schema, for editors and for programs in other languages. */
async function writeSchema() {
  const { policyJsonSchema } = await import(`${root}packages/bulkhead/dist/index.js`);
  await writeFile(
    `${root}packages/bulkhead/dist/policy.schema.json`,
    `${JSON.stringify(await policyJsonSchema(), null, 2)}\n`,
  );
}

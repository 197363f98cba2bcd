// Bundles the library and the command line. Plain JavaScript: it runs before anything else was built.
//
// One file each, with what is imported lazily split off, because reading many small files is most of Node's start-up time.

import { readdir, rm, writeFile } from "node:fs/promises";
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
  metafile: true,
  // CommonJS packages ask for Node's own modules with `require`, which an ES module does not have.
  banner: { js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);' },
};

await bundle("packages/bulkhead", { index: "packages/bulkhead/src/index.ts" });
// The command line sees the library only as any other program would: its exports, from its own file.
await bundle("packages/cli", { bulkhead: "packages/cli/src/main.ts" }, ["bulkhead"]);
await writeSchema();

/** Writes the bundle of `entries` to `directory`/dist, and removes what an earlier build left there. */
async function bundle(directory, entries, external = []) {
  const outdir = `${directory}/dist`;
  const { metafile } = await build({ ...common, entryPoints: entries, outdir, external });
  const made = new Set(Object.keys(metafile.outputs).map((path) => path.slice(outdir.length + 1)));
  for (const name of await readdir(`${root}${outdir}`)) {
    if (/\.js(\.map)?$/.test(name) && !made.has(name)) await rm(`${root}${outdir}/${name}`);
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

// Builds the library and the command line in place. Plain JavaScript: it runs before anything else was built.

import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { bundleCommandLine, bundleLibrary, bundleServer, cli, library, root, server } from "./bundles.mjs";
import { buildHelpers } from "./helpers.mjs";

await put(library, await bundleLibrary());
await buildHelpers();
await put(server, await bundleServer());
await put(cli, await bundleCommandLine());
await keepHelp();
await writeSchemas();
await copyProfiles();
// Of use where the warden is built already and may make sandboxes; set-up does it again when all is ready.
spawnSync(process.execPath, [`${root}scripts/keep-code.mjs`], { stdio: "ignore" });

/** What `--help` prints, which the launcher need not load the command line for. */
async function keepHelp() {
  const { helpTexts } = await import(`${root}${cli}/dist/help-texts.js`);
  await writeFile(`${root}${cli}/dist/help.json.new`, JSON.stringify(helpTexts()));
  await rename(`${root}${cli}/dist/help.json.new`, `${root}${cli}/dist/help.json`);
}

/** Writes `files` to `directory`/dist, in their order, and removes what an earlier build left there. */
async function put(directory, files) {
  const dist = `${root}${directory}/dist`;
  await mkdir(dist, { recursive: true });
  // Each by renaming: who starts meanwhile gets the old build or the new one, never half of it.
  for (const file of files) {
    await writeFile(`${file.path}.new`, file.contents);
    await rename(`${file.path}.new`, file.path);
  }
  const made = new Set(files.map(({ path }) => basename(path)));
  for (const name of await readdir(dist)) {
    if (/\.c?js(\.map)?(\.new)?$|\.cache(\.new)?$/.test(name) && !made.has(name)) await rm(`${dist}/${name}`);
  }
}

/** The seccomp profiles, which the warden holds and `bulkhead profile export` prints. */
async function copyProfiles() {
  await mkdir(`${root}${library}/dist/profiles`, { recursive: true });
  for (const name of ["default", "strict"]) {
    await copyFile(`${root}warden/plan/profiles/${name}.json`, `${root}${library}/dist/profiles/${name}.json`);
  }
}

/** Policies and plans as JSON Schema, for editors and for programs in other languages. */
async function writeSchemas() {
  const { planJsonSchema, policyJsonSchema } = await import(`${root}${library}/dist/policy.js`);
  for (const [name, schema] of Object.entries({ plan: planJsonSchema, policy: policyJsonSchema })) {
    await writeFile(`${root}${library}/dist/${name}.schema.json`, `${JSON.stringify(await schema(), null, 2)}\n`);
  }
}

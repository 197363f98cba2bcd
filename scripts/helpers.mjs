// Bundles the programs of helper processes (packages/bulkhead/src/helpers): one file each, with what V8 makes of it beside it.
// Plain JavaScript, as build.mjs. Tests do it before they start, since they see the library's sources.

import { spawnSync } from "node:child_process";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const source = `${root}packages/bulkhead/src`;
const dist = `${root}packages/bulkhead/dist/helpers`;

/** By kind: the file that serves. */
const helpers = { fetcher: "images/fetcher/main.ts", reader: "images/reader/main.ts" };

/** Makes what is not as it would be made now. */
export async function buildHelpers() {
  await mkdir(dist, { recursive: true });
  for (const [kind, entry] of Object.entries(helpers)) {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [`${source}/${entry}`],
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "none",
      logLevel: "warning",
      write: false,
      supported: { "dynamic-import": false },
      // The boot script of helpers/boot.ts calls it.
      banner: { js: "(function (require) {" },
      footer: { js: "})" },
    });
    const path = `${dist}/${kind}.cjs`;
    const made = Buffer.from(outputFiles[0].contents);
    if ((await readFile(path).catch(() => undefined))?.equals(made)) continue;
    await rm(`${dist}/${kind}.cache`, { force: true });
    await writeFile(`${path}.${process.pid}`, made);
    await rename(`${path}.${process.pid}`, path);
    await keepCode(kind, path);
  }
}

/** The flags are those of helpers/helper.ts, or V8 would not take it. */
async function keepCode(kind, path) {
  const program = `const{Script}=require("vm");const s=new Script(require("fs").readFileSync(0,"latin1"),{filename:${JSON.stringify(`${kind}.cjs`)}});s.runInThisContext();process.stdout.write(s.createCachedData())`;
  const flags = ["--max-old-space-size=512", "--no-warnings", "--no-addons"];
  const { status, stdout } = spawnSync(process.execPath, [...flags, "-e", program], {
    input: await readFile(path),
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) return;
  const cache = `${dist}/${kind}.cache`;
  await writeFile(`${cache}.${process.pid}`, stdout);
  await rename(`${cache}.${process.pid}`, cache);
}

/** For vitest's `globalSetup`, which calls what has this name. */
export const setup = buildHelpers;

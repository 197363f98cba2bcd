// Bundles the programs of helper processes (packages/bulkhead/src/helpers): one file each, with V8's code cache beside
// it. Plain JavaScript, as build.mjs. Tests do it before they start, because they use the library's sources.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const source = `${root}packages/bulkhead/src`;
const dist = `${root}packages/bulkhead/dist/helpers`;

/** By kind: the file that serves. */
const helpers = {
  fetcher: "images/fetcher/main.ts",
  reader: "images/reader/main.ts",
  lister: "sandbox/write-back/lister/main.ts",
  gate: "egress/process/main.ts",
};

/** Builds whatever is out of date. */
export async function buildHelpers() {
  await mkdir(dist, { recursive: true });
  for (const { kind, contents } of await bundleHelpers()) {
    const path = `${dist}/${kind}.cjs`;
    const made = Buffer.from(contents);
    const isFresh = (await readFile(path).catch(() => undefined))?.equals(made) ?? false;
    if (isFresh && existsSync(cachePath(kind))) continue;
    await removeCaches(kind);
    if (!isFresh) {
      await writeFile(`${path}.${process.pid}`, made);
      await rename(`${path}.${process.pid}`, path);
    }
    await keepCode(kind, path);
  }
}

/** As helpers/helper.ts looks for it: of this Node, on this processor. */
function cachePath(kind) {
  return `${dist}/${kind}.${process.version}-${process.arch}.cache`;
}

async function removeCaches(kind) {
  for (const name of await readdir(dist))
    if (name.startsWith(`${kind}.`) && name.endsWith(".cache")) await rm(`${dist}/${name}`, { force: true });
}

/**
 * The program of each kind.
 * @param {import("./bundles.mjs").Variant} [variant]
 */
export async function bundleHelpers({ define = {}, onInputs } = {}) {
  const made = [];
  for (const [kind, entry] of Object.entries(helpers)) {
    const { outputFiles, metafile } = await build({
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
      define,
      metafile: true,
      supported: { "dynamic-import": false },
      // The boot script of helpers/boot.ts calls it.
      banner: { js: "(function (require) {" },
      footer: { js: "})" },
    });
    onInputs?.(metafile);
    made.push({ kind, contents: outputFiles[0].contents });
  }
  return made;
}

/**
 * V8's cache of the functions called up to the first answer to the library: those of the start. The flags are those of
 * helpers/helper.ts, or V8 would not accept it.
 */
async function keepCode(kind, path) {
  const cache = cachePath(kind);
  const program = `const{readFileSync:r,writeFileSync:w}=require("fs"),s=new(require("vm").Script)(r(${JSON.stringify(path)},"latin1"),{filename:${JSON.stringify(`${kind}.cjs`)}});process.once("exit",()=>w(${JSON.stringify(`${cache}.${process.pid}`)},s.createCachedData()));s.runInThisContext()(require)`;
  const flags = ["--max-old-space-size=512", "--no-warnings", "--no-addons"];
  const child = spawn(process.execPath, [...flags, "-e", program], { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const [, , , connection] = child.stdio;
  const hello = Buffer.from(JSON.stringify({ method: "hello", value: null }));
  const head = Buffer.alloc(9);
  head.writeUInt32BE(5 + hello.length, 0);
  head.writeUInt32BE(1, 4);
  head.writeUInt8(1, 8);
  connection.write(Buffer.concat([head, hello]));
  // It ends when its connection does.
  connection.once("data", () => connection.destroy());
  connection.on("error", () => undefined);
  const [status] = await once(child, "exit");
  if (status === 0) await rename(`${cache}.${process.pid}`, cache);
}

/** For vitest's `globalSetup`, which calls what has this name. */
export const setup = buildHelpers;

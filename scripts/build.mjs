// Bundles the library and the command line. Plain JavaScript: it runs before anything else was built.
//
// One file each, with what is imported lazily split off, because reading many small files is most of Node's start-up
// time.

import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";
import { buildHelpers } from "./helpers.mjs";

const root = new URL("..", import.meta.url).pathname;
const library = "packages/bulkhead";
const cli = "packages/cli";

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  sourcemap: "linked",
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning",
  write: false,
};

/** @type {import("esbuild").BuildOptions} */
const modules = {
  ...common,
  format: "esm",
  splitting: true,
  // CommonJS packages ask for Node's own modules with `require`, which an ES module does not have.
  banner: { js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);' },
};

/**
 * Where every millisecond counts: Node starts CommonJS sooner than an ES module. @type {import("esbuild").BuildOptions}
 */
const script = {
  ...common,
  format: "cjs",
  outExtension: { ".js": ".cjs" },
};

await put(library, await bundleLibrary());
await buildHelpers();
await put(cli, await bundleCommandLine());
await keepHelp();
await writeSchemas();
await copyProfiles();
// Of use where the warden is built already and may make sandboxes; set-up does it again when all is ready.
spawnSync(process.execPath, [`${root}scripts/keep-code.mjs`], { stdio: "ignore" });

/** The library in one file, and for each export of the package a file beside it that re-exports its part. */
async function bundleLibrary() {
  const manifest = JSON.parse(await readFile(`${root}${library}/package.json`, "utf8"));
  const names = Object.values(manifest.exports).flatMap(({ default: file }) => (file ? [basename(file, ".js")] : []));
  const sources = names.map((name) => `${library}/src/${name}.ts`);
  const whole = {
    contents: sources.map((path) => `export * from "./${path}";`).join("\n"),
    resolveDir: root,
    sourcefile: "library.ts",
    loader: "ts",
  };
  const files = await bundle({ ...modules, stdin: whole, entryNames: "library" }, library, undefined);
  const { metafile } = await build({ ...common, bundle: false, metafile: true, outdir: ".", entryPoints: sources });
  const doors = Object.entries(metafile.outputs).flatMap(([path, { exports, entryPoint }]) => {
    if (entryPoint === undefined) return [];
    const text = `export { ${exports.join(", ")} } from "./library.js";\n`;
    return [{ path: `${root}${library}/dist/${basename(path)}`, contents: text }];
  });
  return [...files, ...doors];
}

/**
 * The whole command line, the part of it that `run` needs, and the launcher, which chooses: see
 * packages/cli/src/bulkhead.ts.
 */
async function bundleCommandLine() {
  // It sees the library only as any other program would: its exports, from its own file.
  const entries = { main: `${cli}/src/main.ts`, "help-texts": `${cli}/src/help-texts.ts` };
  const whole = await bundle({ ...modules, external: ["bulkhead"] }, cli, entries);
  const run = await bundle(
    {
      ...script,
      entryNames: "[name]-[hash]",
      // This part holds as much of the library as it uses. Where the library's own files are, the launcher tells it.
      plugins: [
        { name: "library", setup: ({ onResolve }) => onResolve({ filter: /^bulkhead(\/[a-z]+)?$/ }, inLibrary) },
        { name: "library-directory", setup: ({ onLoad }) => onLoad({ filter: /\/bulkhead\/src\/.*\.ts$/ }, ofLibrary) },
      ],
      define: { "import.meta.dirname": "__dirname" },
      minifyWhitespace: true,
      supported: { "dynamic-import": false },
      // What main-run.ts leaves to the whole command line.
      external: ["../../images/open.js", "../syscalls/read.js", "../record/recorder.js", "./yaml.js"],
      banner: { js: "(function (require, __dirname, libraryDirectory, startWhole) {" },
      footer: { js: "})" },
    },
    cli,
    { run: `${cli}/src/main-run.ts` },
  );
  const name = run.map(({ path }) => basename(path, ".cjs")).find((each) => !each.endsWith(".map"));
  const launcher = await bundle(
    {
      ...script,
      external: ["./main.js", "bulkhead"],
      define: { "import.meta.dirname": "__dirname", RUN_BUNDLE: JSON.stringify(name) },
    },
    cli,
    { bulkhead: `${cli}/src/bulkhead.ts` },
  );
  return [...whole, ...run, ...launcher];
}

/** What `--help` prints, which the launcher need not load the command line for. */
async function keepHelp() {
  const { helpTexts } = await import(`${root}${cli}/dist/help-texts.js`);
  await writeFile(`${root}${cli}/dist/help.json.new`, JSON.stringify(helpTexts()));
  await rename(`${root}${cli}/dist/help.json.new`, `${root}${cli}/dist/help.json`);
}

/** One of the library's exports, as its source. */
function inLibrary({ path }) {
  return { path: `${root}${library}/src/${path.split("/")[1] ?? "index"}.ts`, sideEffects: false };
}

async function ofLibrary({ path }) {
  const contents = await readFile(path, "utf8");
  return { loader: "ts", contents: contents.replaceAll("import.meta.dirname", "libraryDirectory") };
}

/** Bundles `entryPoints`: what they import comes before them. */
async function bundle(options, directory, entryPoints) {
  const { outputFiles } = await build({ ...options, entryPoints, outdir: `${directory}/dist` });
  const isEntry = ({ path }) => Object.keys(entryPoints ?? { library }).includes(basename(path).split(".")[0]);
  return [...outputFiles.filter((file) => !isEntry(file)), ...outputFiles.filter(isEntry)];
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

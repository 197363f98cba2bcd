// The bundles of the library and of the command line: for a checkout (build.mjs) and for packages (pack/). Plain
// JavaScript: it runs before anything else was built.
//
// One file each, with what is imported lazily split off, because reading many small files is most of Node's start-up
// time.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";

export const root = new URL("..", import.meta.url).pathname;
export const library = "packages/bulkhead";
export const cli = "packages/cli";
export const server = "packages/server";

/**
 * How a package's bundles differ from a checkout's.
 * @typedef {object} Variant
 * @property {Readonly<Record<string, string>>} [define] Names that the bundles replace by a value.
 * @property {"linked" | false} [sourcemap]
 * @property {(metafile: import("esbuild").Metafile) => void} [onInputs] Gets the sources of each bundle.
 */

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
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

/**
 * The library in one file, and for each export of the package a file beside it that re-exports its part.
 * @param {Variant} [variant]
 */
export async function bundleLibrary(variant = {}) {
  const manifest = JSON.parse(await readFile(`${root}${library}/package.json`, "utf8"));
  const names = Object.values(manifest.exports).flatMap(({ default: file }) => (file ? [basename(file, ".js")] : []));
  const sources = names.map((name) => `${library}/src/${name}.ts`);
  const whole = {
    contents: sources.map((path) => `export * from "./${path}";`).join("\n"),
    resolveDir: root,
    sourcefile: "library.ts",
    loader: "ts",
  };
  const files = await bundle({ ...modules, stdin: whole, entryNames: "library" }, library, undefined, variant);
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
 * @param {Variant} [variant]
 */
export async function bundleCommandLine(variant = {}) {
  // It sees the library only as any other program would: its exports, from its own file.
  const entries = { main: `${cli}/src/main.ts`, "help-texts": `${cli}/src/help-texts.ts` };
  const whole = await bundle({ ...modules, external: ["bulkhead", "bulkhead-server"] }, cli, entries, variant);
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
    variant,
  );
  const name = run.map(({ path }) => basename(path, ".cjs")).find((each) => !each.endsWith(".map"));
  const launcher = await bundle(
    {
      ...script,
      external: ["./main.js", "bulkhead"],
      define: { "import.meta.dirname": "__dirname", RUN_BUNDLE: JSON.stringify(name) },
      banner: { js: "#!/usr/bin/env node" },
    },
    cli,
    { bulkhead: `${cli}/src/bulkhead.ts` },
    variant,
  );
  return [...whole, ...run, ...launcher];
}

/**
 * The server, with the packages that it needs beside the library.
 * @param {Variant} [variant]
 */
export async function bundleServer(variant = {}) {
  const entries = { index: `${server}/src/index.ts`, client: `${server}/src/client.ts` };
  return await bundle({ ...modules, target: "node22.13", external: ["bulkhead"] }, server, entries, variant);
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
async function bundle(options, directory, entryPoints, { define = {}, sourcemap = "linked", onInputs }) {
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints,
    outdir: `${directory}/dist`,
    define: { ...options.define, ...define },
    sourcemap,
    metafile: true,
  });
  onInputs?.(metafile);
  const isEntry = ({ path }) => Object.keys(entryPoints ?? { library }).includes(basename(path).split(".")[0]);
  return [...outputFiles.filter((file) => !isEntry(file)), ...outputFiles.filter(isEntry)];
}

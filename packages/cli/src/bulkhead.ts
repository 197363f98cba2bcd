import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { builtText, isWideEnough, write } from "./start/built-text.js";
import { codeName, keepCode, keepModules, ownDirectory, readCode } from "./start/kept-code.js";

/**
 * Name of the bundle for `run`, which the build derives from its contents, so that code and cache of two builds never
 * mix.
 */
declare const RUN_BUNDLE: string;

// A short command would spend most of its time on loading the code of all the others. So the build stores the texts
// that some print, `run` has a bundle with only the code that most runs need, and V8's code cache is beside it.
const words = process.argv.slice(2);
const text = builtText(words, import.meta.dirname);
if (text !== undefined && isWideEnough() && write(text)) process.exitCode = 0;
else if (words[0] === "run") startRun(import.meta.dirname);
else void startWhole();

async function startWhole(): Promise<unknown> {
  keepModules(RUN_BUNDLE);
  return await import("./main.js");
}

function startRun(directory: string): void {
  const filename = join(directory, `${RUN_BUNDLE}.cjs`);
  // esbuild writes ASCII; as Latin-1 it needs no decoding.
  const source = readFileSync(filename, "latin1");
  const built = existsSync(join(directory, codeName(RUN_BUNDLE)));
  const own = built ? undefined : ownDirectory();
  // V8 accepts the cache only from its own version and flags, and compiles the source otherwise.
  const cachedData = readCode(RUN_BUNDLE, [built ? directory : own]);
  const script = new Script(source, { filename, cachedData });
  if (own !== undefined && script.cachedDataRejected !== false) keepCode(script, RUN_BUNDLE, own);
  script.runInThisContext()(require, directory, libraryDirectory(directory), startWhole);
}

/** Beside this package, in a checkout as among installed packages; Node's own lookup takes milliseconds. */
function libraryDirectory(directory: string): string {
  const beside = join(directory, "../../bulkhead/dist");
  return existsSync(beside) ? beside : dirname(require.resolve("bulkhead"));
}

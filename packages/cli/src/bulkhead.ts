import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** The name of the bundle for `run`, which the build makes of its contents: code and cache of two builds never meet. */
declare const RUN_BUNDLE: string;

// A short `run` would spend most of its time on compiling its own program. So it has a bundle of no more than most runs need,
// and beside that what V8 made of it. The whole command line knows `run` as well; it is only slower.
const startWhole = () => import("./main.js");
if (process.argv[2] === "run") {
  startRun(import.meta.dirname);
} else {
  void startWhole();
}

function startRun(directory: string): void {
  const filename = join(directory, `${RUN_BUNDLE}.cjs`);
  // esbuild writes ASCII; as Latin-1 it needs no decoding.
  const source = readFileSync(filename, "latin1");
  // V8 takes the cache only if it is of its own version and flags, and compiles the source otherwise.
  const script = new Script(source, { filename, cachedData: readIfThere(join(directory, `${RUN_BUNDLE}.cache`)) });
  script.runInThisContext()(require, directory, libraryDirectory(directory), startWhole);
}

/** Beside this package, in a checkout as among installed packages; to look it up as Node does takes milliseconds. */
function libraryDirectory(directory: string): string {
  const beside = join(directory, "../../bulkhead/dist");
  return existsSync(beside) ? beside : dirname(require.resolve("bulkhead"));
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

// Stores V8's code cache of the bundle for `run` beside it; the launcher (packages/cli/src/bulkhead.ts) uses it.
//
// Runs the bundle as it is, because V8 keeps the code of functions that were called. Where no sandbox can be created
// that is fewer of them; the result is still valid.

import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";

const dist = new URL("../packages/cli/dist/", import.meta.url).pathname;
const name = readdirSync(dist).find((each) => /^run-\w+\.cjs$/.test(each));
const filename = `${dist}${name}`;
// The launcher asks for the code of its own Node alone.
const cache = filename.replace(/\.cjs$/, `.${process.version}-${process.arch}.cache`);

const script = new Script(readFileSync(filename, "latin1"), { filename });
const require = createRequire(filename);

// `run` ends the process itself, with the exit code of what it ran.
process.once("exit", () => {
  writeFileSync(`${cache}.new`, script.createCachedData());
  renameSync(`${cache}.new`, cache);
  process.exitCode = 0;
});
process.argv = [process.argv[0], filename, "run", "--", "true"];
script.runInThisContext()(require, dist, dirname(require.resolve("bulkhead")), () => import(`${dist}main.js`));

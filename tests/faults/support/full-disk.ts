import { execFileSync } from "node:child_process";
import { readdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import host from "node:process";
import { BulkheadError, LEVELS, type Level, run } from "bulkhead";

// Started by `full-disk.test.ts` in a mount namespace of its own, where this is free to mount: full-disk.ts LEVEL
// DIRECTORY ARCHIVE KIB
const [, , levelName, directory = "", archive = "", kib = "64"] = host.argv;
const level: Level | undefined = LEVELS.find((name) => name === levelName);
if (level === undefined) throw new Error("usage: full-disk LEVEL DIRECTORY ARCHIVE KIB");

execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "none", directory]);
host.env["TMPDIR"] = directory;
host.env["BULKHEAD_STORE"] = join(directory, "store");

/** What a launch comes to: an exit code, or the code of the error. */
async function attempt(root: string): Promise<string> {
  try {
    return `exit ${(await run(["/bin/true"], { level, root })).exitCode}`;
  } catch (error) {
    return error instanceof BulkheadError ? error.code : String(error);
  }
}

const image = await attempt(`docker-archive:${archive}`);
// What a failed attempt may leave is the empty store: what it unpacked is gone.
const { blocks, bfree } = statfsSync(directory);
const left = readdirSync(directory, { recursive: true }).map(String);
try {
  for (let index = 0; ; index += 1) writeFileSync(join(directory, `fill${index}`), Buffer.alloc(4096));
} catch {
  // Full, to the last block.
}
const base = await attempt("base");
host.stdout.write(`${JSON.stringify({ image, base, left, usedBlocks: blocks - bfree })}\n`);

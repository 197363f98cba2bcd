// Writes the library's type declarations to packages/bulkhead/dist. Plain JavaScript: it runs before anything else is
// built.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const source = join(root, "packages/bulkhead/src");
const dist = join(root, "packages/bulkhead/dist");

// Only emits: `npm run typecheck` does the checking, and keeps its own record of it.
const options = ["--noCheck", "--composite", "false", "--incremental", "false"];
const { status } = spawnSync(
  process.execPath,
  [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "packages/bulkhead"), ...options],
  { stdio: "inherit" },
);
if (status !== 0) process.exit(1);

// An importer would still find a declaration that outlived its source.
for (const name of await readdir(dist, { recursive: true })) {
  const [, module] = /^(.*)\.d\.ts(?:\.map)?$/.exec(name) ?? [];
  if (module !== undefined && !existsSync(join(source, `${module}.ts`))) await rm(join(dist, name));
}

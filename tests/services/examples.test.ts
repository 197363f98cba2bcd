/** The one command that starts each example that keeps data: its directories, and who owns them. */

import { execFile } from "node:child_process";
import { cp, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";

const examples = fileURLToPath(new URL("../../examples/services/", import.meta.url));
const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));

it.each([
  ["mail", { queue: 2101, mail: 2102 }, "start   queue"],
  ["database", { data: 2111, dump: 2111, backups: 2112 }, "start   database"],
])("%s/start makes private directories, and passes its arguments on", async (name, owners, said) => {
  await using directory = await TemporaryDirectory.create("examples", 0o755);
  await cp(`${examples}${name}`, directory.join(name), {
    recursive: true,
    filter: (path) => !path.startsWith(`${examples}${name}/state`),
  });
  const program = directory.join("bulkhead");
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${bundle}" "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, BULKHEAD: program };
  for (let time = 0; time < 2; time++) {
    const { stdout } = await promisify(execFile)(directory.join(name, "start"), ["--dry-run"], { env });
    expect(stdout).toContain(said);
  }
  const isRoot = process.getuid?.() === 0;
  for (const [path, owner] of Object.entries(owners)) {
    const { mode, uid } = await stat(directory.join(name, "state", path));
    expect({ path, mode: mode & 0o777, uid }).toEqual({ path, mode: 0o700, uid: isRoot ? owner : process.getuid?.() });
  }
});

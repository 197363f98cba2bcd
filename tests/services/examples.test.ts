/** The one command that starts each example: its image, its directories, and who owns them. */

import { execFile } from "node:child_process";
import { cp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";

const examples = fileURLToPath(new URL("../../examples/services/", import.meta.url));
const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));

/** The command line, with a store that has an image once it was built. It records what it is asked about images. */
const PROGRAM = `#!/bin/sh
log=$(dirname "$0")/log
case "$1 $2" in
  "images inspect") echo "$*" >>"$log"; test -e "$log.built" ;;
  "images build-base") echo "$*" >>"$log"; touch "$log.built" ;;
  *) exec "${process.execPath}" "${bundle}" "$@" ;;
esac
`;

it.each([
  ["mail", null, { queue: 2101, mail: 2102 }, "start   queue"],
  ["database", "nodejs,postgresql", { data: 2111, dump: 2111, backups: 2112 }, "start   database"],
  ["uploads", "nginx,imagemagick,nodejs", {}, "start   converter"],
] as const)(
  "%s/start makes its image once, private directories, and passes its arguments on",
  async (name, packages, owners, said) => {
    await using directory = await TemporaryDirectory.create("examples", 0o755);
    await cp(`${examples}${name}`, directory.join(name), { recursive: true });
    await rm(directory.join(name, "state"), { recursive: true, force: true });
    const program = directory.join("bulkhead");
    await writeFile(program, PROGRAM, { mode: 0o755 });
    await writeFile(directory.join("log"), "");
    const env = { ...process.env, BULKHEAD: program };
    for (let time = 0; time < 2; time++) {
      const { stdout } = await promisify(execFile)(directory.join(name, "start"), ["--dry-run"], { env });
      expect(stdout).toContain(said);
    }
    const image = `localhost/bulkhead-${name}`;
    const inspect = `images inspect ${image}`;
    const wanted = [inspect, `images build-base --packages ${packages} ${image}`, inspect, ""].join("\n");
    expect(await readFile(directory.join("log"), "utf8")).toBe(packages === null ? "" : wanted);
    const isRoot = process.getuid?.() === 0;
    for (const [path, owner] of Object.entries(owners)) {
      const { mode, uid } = await stat(directory.join(name, "state", path));
      const own = isRoot ? owner : process.getuid?.();
      expect({ path, mode: mode & 0o777, uid }).toEqual({ path, mode: 0o700, uid: own });
    }
  },
);

import { argv } from "node:process";
import { LEVELS, type Level, Sandbox } from "bulkhead";
import { PROBE, PROBE_PATH } from "../../support/programs.js";

// Started by `host-terminal.test.ts` on a terminal of the host: makes a sandbox there and lets it try.
const level: Level | undefined = LEVELS.find((name) => name === argv[2]);
if (level === undefined) throw new Error("usage: on-a-terminal LEVEL");
await using sandbox = await Sandbox.create({ level, files: [{ host: PROBE_PATH, at: PROBE }] });
let made = 0;
for (const attempt of ["type-ahead", "type-ahead-upper", "selection"]) {
  for (const tty of [undefined, { rows: 24, cols: 80 }]) {
    await sandbox.run([PROBE, attempt], tty === undefined ? {} : { tty });
    made += 1;
  }
}
console.log(`attempts made: ${made}`);

import host from "node:process";
import { LEVELS, type Level, Sandbox } from "bulkhead";
import { PROBE, PROBE_PATH } from "../../support/programs.js";

// A program that uses the library and is going to be killed: victim.ts LEVEL idle|flood|churn. The marker of what runs
// inside is in the environment: in the command line it would mark this process too.
const [, , levelName, mode = "idle"] = host.argv;
const marker = host.env["BULKHEAD_TEST_MARKER"] ?? "marker";
// Its sandboxes die under it on purpose.
host.on("unhandledRejection", () => undefined);
const level: Level | undefined = LEVELS.find((name) => name === levelName);
if (level === undefined) throw new Error("usage: victim LEVEL idle|flood|churn");

const make = () => Sandbox.create({ level, files: [{ host: PROBE_PATH, at: PROBE }] });

/** One line for the test that started this. */
function tell(what: object): void {
  host.stdout.write(`${JSON.stringify(what)}\n`);
}

tell({ stage: "started" });
const sandboxes = await Promise.all([make(), make(), make()]);
for (const sandbox of sandboxes) {
  await sandbox.run([PROBE, "tree", "3", "3", marker]);
  await sandbox.run([PROBE, "daemon", marker]);
}
const inits = await Promise.all(sandboxes.map(async (sandbox) => (await sandbox.evidence()).init.pid));
tell({ stage: "made", inits });

if (mode === "flood") {
  for (const sandbox of sandboxes) {
    const process = await sandbox.exec(["yes", marker]);
    process.stdout?.resume();
    void sandbox.files.write("/work/large", Buffer.alloc(50 << 20)).catch(() => undefined);
  }
  tell({ stage: "flooding" });
}
/** Until its broker dies under it. It lives on itself: whoever started it ends it. */
async function churn(): Promise<never> {
  for (;;) {
    await using sandbox = await make();
    await sandbox.run([PROBE, "daemon", marker]);
  }
}
if (mode === "churn") await churn().catch(() => undefined);
setInterval(() => undefined, 1000);

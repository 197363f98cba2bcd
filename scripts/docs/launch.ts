/**
 * `npm run docs:launch`: traces launches here, and draws the shortest as docs/launch.svg: others wait
 * for whatever else the machine does.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "bulkhead";
import type { TraceEvent } from "../../packages/bulkhead/src/trace/write.js";
import { drawLaunch } from "./draw-launch.js";

const RUNS = 200;
/** The first launches compile the policy and fill the prefork pool. */
const WARM_UP = 10;

const directory = mkdtempSync(join(tmpdir(), "bulkhead-trace-"));
const file = join(directory, "trace.json");
try {
  process.env["BULKHEAD_TRACE"] = file;
  for (let count = 0; count < WARM_UP + RUNS; count += 1) {
    await run(["true"], { level: "container" });
    // Lets the broker prepare its next child, as between the calls of a program.
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  const events: TraceEvent[] = JSON.parse(`${readFileSync(file, "utf8")}\n]`);
  const rows = new Set(events.map(({ pid }) => pid).filter((pid) => pid !== 0));
  const launches = [...rows].map((row) => events.filter(({ pid }) => pid === row));
  const lengths = launches.slice(WARM_UP).map((launch) => ({ launch, us: lengthOf(launch) }));
  const [shortest] = lengths.sort((one, other) => one.us - other.us);
  if (shortest === undefined) throw new Error("no launch was traced");
  const svg = drawLaunch(shortest.launch);
  writeFileSync(fileURLToPath(new URL("../../docs/launch.svg", import.meta.url)), svg);
} finally {
  rmSync(directory, { recursive: true });
}

function lengthOf(launch: readonly TraceEvent[]): number {
  return launch.reduce((sum, { cat, dur = 0 }) => sum + (cat === "launch" ? dur : 0), 0);
}

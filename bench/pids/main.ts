import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Sandbox } from "bulkhead";
import { PROGRAMS, type Program } from "./programs.js";

/**
 * The number of processes and threads that real programs have at once: `node --import tsx bench/pids/main.ts`. The
 * default of `resources.pids` was chosen by it (docs/policy.md). As root, or where the broker has a pids controller.
 */
const LOOK_MS = 2;

/** The most that were alive at once, without init; or why it did not run. */
async function peakOf({ script, needs }: Program, cpus: number): Promise<string> {
  if (!existsSync(needs)) return "not here";
  await using sandbox = await Sandbox.create({
    root: "host",
    env: { HOME: "/work" },
    resources: { pids: 8192, memory: "6GiB", disk: "2GiB", cpus, openFiles: 8192, time: "5m" },
  });
  let peak = 0;
  let running = true;
  const watch = (async () => {
    while (running) {
      peak = Math.max(peak, ((await sandbox.stats()).pids ?? 0) - 1);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  const result = await sandbox.run(["sh", "-c", script], { cwd: "/work" });
  running = false;
  await watch;
  if (result.exitCode === 0) return String(peak);
  return `failed (${result.signal ?? result.exitCode}: ${result.stderr.trim().slice(-200)})`;
}

const all = availableParallelism();
console.log(`| program | at \`cpus: 1\` | at \`cpus: ${all}\` |\n|---|---|---|`);
for (const program of PROGRAMS) {
  const [one, many] = [await peakOf(program, 1), await peakOf(program, all)];
  console.log(`| ${program.name} | ${one} | ${many} |`);
}

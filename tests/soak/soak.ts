import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import { Random } from "../../scripts/fuzz/random.js";
import { WARDEN_PATH } from "../support/programs.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { sleep } from "../support/time.js";
import { type Growth, growthOf, type Sample, sizesOfBroker } from "./growth.js";
import { Left } from "./left.js";
import type { Line } from "./lines.js";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

export interface Soak {
  readonly level: Level;
  readonly launches: number;
  readonly seed: number;
  /**
   * Kills one of Bulkhead's processes after another, at random moments; otherwise every result must be as requested.
   */
  readonly chaos: boolean;
}

export interface Outcome {
  readonly launches: number;
  /** Uses that failed with a code while processes were killed. */
  readonly lost: number;
  readonly kills: number;
  readonly workers: number;
  /** What must not be; a line each. */
  readonly problems: readonly string[];
  /** Of the library's process and of its broker, early and at the end; none where everything is killed. */
  readonly growth: readonly Growth[];
}

/** Workers, one after another where they are killed, until all launches are made; and what is left after them. */
export async function soak(
  { level, launches, seed, chaos }: Soak,
  onProgress = (_done: number) => {},
): Promise<Outcome> {
  await using temporary = await TemporaryDirectory.create("soak", 0o755);
  await mkdir(temporary.join("tmp"), { mode: 0o1777 });
  // A name of its own for the warden, by which its processes are known.
  const warden = temporary.join("warden");
  await symlink(WARDEN_PATH, warden);
  const left = new Left(temporary.join("tmp"), warden);
  const random = new Random(seed);
  const env = { ...process.env, TMPDIR: temporary.join("tmp"), BULKHEAD_WARDEN: warden };
  const problems: string[] = [];
  const samples: Sample[] = [];
  let [made, lost, kills, workers] = [0, 0, 0, 0];
  while (made < launches && problems.length < 20) {
    workers += 1;
    const argv = [level, String(launches - made), String(seed + workers), chaos ? "chaos" : "quiet"];
    const worker = spawn(process.execPath, ["--expose-gc", "--import", "tsx", WORKER, ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
      env,
    });
    const said = listen(worker, (line) => {
      if (line.type === "used" || line.type === "lost") made += 1;
      if (line.type === "lost") lost += 1;
      if (line.type === "wrong") problems.push(`${line.action}: ${line.detail}`);
      if (line.type === "sizes") samples.push({ library: line.sizes, broker: sizesOfBroker(warden, left.groups) });
      onProgress(made);
    });
    while (worker.exitCode === null && worker.signalCode === null) {
      const running = left.see(worker.pid ?? 0);
      if (chaos && made > 0) kills += kill(random, worker, running);
      await sleep(chaos ? 50 + random.below(400) : 50);
    }
    const { ended, errors } = await said;
    if (!ended && worker.signalCode !== "SIGKILL") problems.push(`the library's process ended early: ${errors}`);
    // Between two workers nothing is alive to remove anything: the next broker's start is what cleans up.
  }
  await nextStart(level, env);
  problems.push(...(await left.rest()).map((line) => `left behind: ${line}`));
  const growth = chaos ? [] : growthOf(samples);
  return { launches: made, lost, kills, workers, problems, growth };
}

/** One of Bulkhead's processes, rarely the library's own. */
function kill(random: Random, worker: ChildProcess, running: readonly number[]): number {
  if (random.below(20) === 0) {
    worker.kill("SIGKILL");
    return 1;
  }
  const victim = running[random.below(running.length)];
  if (victim === undefined) return 0;
  try {
    process.kill(victim, "SIGKILL");
    return 1;
  } catch {
    // Gone by itself.
    return 0;
  }
}

async function listen(
  worker: ChildProcess,
  take: (line: Line) => void,
): Promise<{ readonly ended: boolean; readonly errors: string }> {
  let [ended, errors] = [false, ""];
  worker.stderr?.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  if (worker.stdout === null) throw new Error("no output");
  for await (const text of createInterface({ input: worker.stdout })) {
    const line = parse(text);
    if (line === undefined) continue;
    if (line.type === "end") ended = true;
    else take(line);
  }
  return { ended, errors };
}

/** The last line of a killed worker can be a part of one. */
function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

/** A broker starts by removing what dead ones left. */
async function nextStart(level: Level, env: NodeJS.ProcessEnv): Promise<void> {
  const argv = ["--expose-gc", "--import", "tsx", WORKER, level, "1", "1", "chaos"];
  const worker = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "inherit"], env });
  await new Promise((resolve) => worker.once("exit", resolve));
}

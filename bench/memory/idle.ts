import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { type Level, Sandbox } from "bulkhead";
import { type Absent, isAbsent } from "../subject.js";

/** Memory of one idle sandbox, as a median of several that are up at once. */
export interface Idle {
  readonly name: string;
  readonly sandboxes: number;
  /** All its processes: private memory, and its share of shared memory. */
  readonly pssBytes: number;
  /** Charged to its cgroup, including in-memory files and kernel data; null without a cgroup. */
  readonly chargedBytes: number | null;
}

/** Number of sandboxes at once: enough for shared pages to count as shared. */
const SANDBOXES: Readonly<Record<Level, number>> = { chroot: 20, container: 20, gvisor: 5, microvm: 3 };
/** A program that has just started is not idle. */
const SETTLED_MS = 2_000;

/** Every level in turn. Without the library's own process and the broker, which all sandboxes share. */
export async function idleSandboxes(): Promise<readonly (Idle | Absent)[]> {
  const measured: (Idle | Absent)[] = [];
  for (const level of ["chroot", "container", "gvisor", "microvm"] as const) measured.push(await idleAt(level));
  return measured;
}

async function idleAt(level: Level): Promise<Idle | Absent> {
  const sandboxes: Sandbox[] = [];
  try {
    for (let made = 0; made < SANDBOXES[level]; made += 1) sandboxes.push(await Sandbox.create({ level }));
    await setTimeout(SETTLED_MS);
    const pss = await Promise.all(sandboxes.map(pssOf));
    const charged = (await Promise.all(sandboxes.map(async (each) => await each.stats()))).map(
      ({ memoryBytes }) => memoryBytes,
    );
    return {
      name: level,
      sandboxes: sandboxes.length,
      pssBytes: median(pss),
      chargedBytes: charged.includes(null) ? null : median(charged.map(Number)),
    };
  } catch (error) {
    return { name: level, absent: error instanceof Error ? error.message : String(error) };
  } finally {
    await Promise.all(sandboxes.map(async (each) => await each.kill()));
  }
}

async function pssOf(sandbox: Sandbox): Promise<number> {
  const { processes, init } = await sandbox.evidence();
  const pids = new Set([init.pid, ...(processes ?? []).map(({ pid }) => pid)]);
  const each = await Promise.all([...pids].map(pssOfProcess));
  return each.reduce((sum, bytes) => sum + bytes, 0);
}

async function pssOfProcess(pid: number): Promise<number> {
  const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
  return Number(kibibytes ?? 0) * 1024;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** For an idle `container`. */
const AT_MOST_BYTES = 1024 * 1024;

/** One line per level, then the promises. */
export function memoryTable(measured: readonly (Idle | Absent)[]): string {
  const lines = measured.map((each) =>
    isAbsent(each)
      ? `${each.name}: not measured: ${each.absent}`
      : `${each.name.padEnd(24)} ${mib(each.pssBytes)} PSS   ${mib(each.chargedBytes)} charged   (median of ${each.sandboxes})`,
  );
  const container = measured.find((each): each is Idle => !isAbsent(each) && each.name === "container");
  const promise = "  container ≤ 1 MiB of PSS";
  const verdict = container === undefined ? "not measured" : container.pssBytes <= AT_MOST_BYTES ? "kept" : "NOT KEPT";
  return ["memory of an idle sandbox", ...lines, `${promise}: ${verdict}`, ""].join("\n");
}

function mib(bytes: number | null): string {
  return bytes === null ? "unknown".padStart(11) : `${(bytes / 1024 / 1024).toFixed(2).padStart(7)} MiB`;
}

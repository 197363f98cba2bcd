import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { eventually } from "./time.js";

/** A /proc or /sys file; empty when it is not there or not readable. */
export function readKernelFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Every process that this host shows whose command line holds `marker`, this one excepted. Zombies have none. */
export function processesWith(marker: string): readonly number[] {
  return allProcesses().filter((pid) => pid !== process.pid && readKernelFile(`/proc/${pid}/cmdline`).includes(marker));
}

export function allProcesses(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Resident memory of a process in bytes; 0 when it is gone. */
export function residentBytes(pid: number | "self"): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readKernelFile(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** `R`, `S`, `Z`, …; undefined when there is no such process. */
export function stateOf(pid: number): string | undefined {
  const stat = readKernelFile(`/proc/${pid}/stat`);
  return stat === "" ? undefined : stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

/** Alive and not a zombie. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

export function parentOf(pid: number): number | undefined {
  const stat = readKernelFile(`/proc/${pid}/stat`);
  return stat === "" ? undefined : Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
}

/** `pid` and everything below it. */
export function descendantsOf(pid: number): readonly number[] {
  const parents = new Map(allProcesses().map((one) => [one, parentOf(one)] as const));
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

/** Waits until no process with `marker` in its command line is left. */
export async function noneLeft(marker: string, withinMs = 1000): Promise<void> {
  await eventually(`every process with ${marker} is gone`, withinMs, () => processesWith(marker).length === 0);
}

/** What control groups hold now; nothing where they are gone. */
export function processesIn(groups: readonly string[]): ReadonlySet<number> {
  const lists = groups.map((group) => readKernelFile(`${group}/cgroup.procs`).split("\n"));
  return new Set(lists.flat().filter(Boolean).map(Number));
}

/** The id of a namespace of a process, such as `mnt:[4026531841]`. */
export function namespaceOf(pid: number | "self", kind: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

/**
 * The directories of a process's control groups that the broker made, in whatever version is mounted where people mount
 * it.
 */
export function groupsOf(pid: number): readonly string[] {
  const lines = readKernelFile(`/proc/${pid}/cgroup`).split("\n");
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*bulkhead.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    const mounts = controllers === "" ? ["", "unified"] : [controllers, ...controllers.split(",")];
    return mounts.map((mount) => `/sys/fs/cgroup/${mount}${path}`).filter((directory) => existsSync(directory));
  });
}

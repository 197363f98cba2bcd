import { readFileSync, readlinkSync } from "node:fs";

/** A process's start time in ticks after boot, because pids are reused; undefined if the process does not exist. */
export function startTime(pid: number): string | undefined {
  try {
    // Field 22; the second, the program's name, may contain spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Identifies this process's pid namespace: pids of another one mean nothing here. */
export function pidNamespace(): string {
  return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
}

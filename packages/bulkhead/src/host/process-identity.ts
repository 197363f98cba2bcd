import { readFileSync, readlinkSync } from "node:fs";

/** When a process was started, in ticks after boot, since pids are used again; undefined: there is no such process. */
export function startTime(pid: number): string | undefined {
  try {
    // Field 22; the second, the program's name, may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** In which pid namespace this process counts: a pid of another one says nothing here. */
export function pidNamespace(): string {
  return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
}

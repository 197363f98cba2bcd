import { readFileSync } from "node:fs";

const KIB = 1024;

/** Anonymous memory of a process: `RssAnon` of its status, which every user may read. 0 if it is gone. */
export function ownMemoryOf(pid: number): number {
  try {
    const [, kib = "0"] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return Number(kib) * KIB;
  } catch {
    return 0;
  }
}

import { readdirSync, readFileSync } from "node:fs";

/** `sysconf(_SC_CLK_TCK)` on every architecture that Linux runs Node on. */
const TICK_MS = 10;
const MICROSECONDS = 1000;

interface Process {
  readonly parent: number;
  /** Of its own threads. */
  readonly ownMs: number;
  /** Of the children that it has waited for, and of theirs. */
  readonly reapedMs: number;
}

/**
 * Starts to count the processor time of this process and its descendants. The function that it returns gives the
 * milliseconds since then, without what the counting takes. A process that leaves the tree (a daemon) does not count.
 * Each process is exact to a tick: one reading is coarse, the mean of many is not biased.
 */
export function countCpu(): () => number {
  const othersBefore = othersMs();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / MICROSECONDS + othersMs() - othersBefore;
  };
}

/** Descendants of this process, those that live and those that were waited for. */
function othersMs(): number {
  const all = new Map<number, Process>();
  for (const name of readdirSync("/proc")) {
    const found = /^\d+$/.test(name) ? readProcess(name) : undefined;
    if (found !== undefined) all.set(Number(name), found);
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === process.pid || isBelow(all.get(pid)?.parent));
  let sum = 0;
  for (const [pid, { ownMs, reapedMs }] of all) {
    if (isBelow(pid)) sum += pid === process.pid ? reapedMs : ownMs + reapedMs;
  }
  return sum;
}

/** proc_pid_stat(5): the name in parentheses may hold anything, so the fields are counted from its end. */
function readProcess(pid: string): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ms = (...at: readonly number[]) => at.reduce((sum, each) => sum + Number(fields[each]) * TICK_MS, 0);
    return { parent: Number(fields[1]), ownMs: ms(11, 12), reapedMs: ms(13, 14) };
  } catch {
    return undefined;
  }
}

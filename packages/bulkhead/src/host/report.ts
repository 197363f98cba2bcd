import type { Level } from "../policy/level.js";
import type { Facts } from "./facts.js";
import type { Missing } from "./missing.js";

/** Null: no bound. */
export interface OwnerMaxima {
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  readonly milliCpus: number | null;
  readonly sandboxes: number | null;
}

/** What this machine can enforce: what the broker saw (`facts`) and what the library can see. */
export interface HostReport {
  readonly facts: Facts;
  /** Whether the broker of this host runs as root, where `facts` are those of a guest's kernel; else they tell. */
  readonly privileged?: boolean;
  /** What the broker's owner lets a sandbox ask for at most, and how many one caller may have alive; where there is any such bound. */
  readonly maxima?: OwnerMaxima;
  readonly architecture: string;
  /** For levels whose wall is another program: what trying it found missing. A level that is not named was not tried. */
  readonly tried: Readonly<Partial<Record<Level, readonly Missing[]>>>;
  /** What makes the wall of those that were tried and work, for people. */
  readonly by?: Readonly<Partial<Record<Level, string>>>;
  /** By what the Sentry of level gvisor counts processes, where that level was tried and works. */
  readonly counting?: Counting;
}

/**
 * A control group of version 2 (since July 2026), or one of version 1 where there is only one hierarchy (until December 2023). Between the two,
 * each new process is charged to any one of several hierarchies, so that a limit in one of them holds now and then: there it is RLIMIT_NPROC.
 */
export type Counting = "cgroup2" | "cgroup" | "rlimit";

/** Makes the report from the facts that the broker sent in its `hello`, and from what was tried. */
export function hostReport(facts: Facts, tried: HostReport["tried"] = {}): HostReport {
  return { facts, architecture: process.arch, tried };
}

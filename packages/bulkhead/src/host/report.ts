import type { Level } from "../policy/level.js";
import { coveredProc } from "./examine/covered-proc.js";
import type { Facts } from "./facts.js";
import type { MissingRequirement } from "./missing.js";
import { type FoundSurroundings, surroundings } from "./surroundings.js";

/** Null: no maximum. */
export interface OwnerMaxima {
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  readonly milliCpus: number | null;
  readonly sandboxes: number | null;
}

/** What this machine can enforce: the broker's findings (`facts`) and the library's. */
export interface HostReport {
  readonly facts: Facts;
  /** Whether this host's broker runs as root. Set if `facts` describe a guest's kernel; otherwise they say it. */
  readonly privileged?: boolean;
  /** The owner's maxima for one sandbox, and for the live sandboxes of one caller, if there are any. */
  readonly maxima?: OwnerMaxima;
  /** Mounts that keep a broker without privilege from a /proc for its sandboxes, as an outer container's do. */
  readonly coveredProc?: readonly string[];
  /** The container or machine around this process, where something keeps sandboxes from their namespaces. */
  readonly surroundings?: readonly FoundSurroundings[];
  readonly architecture: string;
  /** For levels whose wall is another program: what a trial found missing. A level that is absent was not tried. */
  readonly tried: Readonly<Partial<Record<Level, readonly MissingRequirement[]>>>;
  /** The program behind each level that was tried and works, for people. */
  readonly by?: Readonly<Partial<Record<Level, string>>>;
  /** How the Sentry of level gvisor counts processes, if that level was tried and works. */
  readonly counting?: Counting;
}

/**
 * A cgroup of version 2 (since July 2026), or one of version 1 where there is only one hierarchy (until December 2023).
 * Between the two, runsc charges each new process to an arbitrary one of several hierarchies, so a limit in one of them
 * holds only sometimes; Bulkhead then uses RLIMIT_NPROC.
 */
export type Counting = "cgroup2" | "cgroup" | "rlimit";

/** Builds the report from the facts in the broker's `hello` and the results of trials. */
export function hostReport(facts: Facts, tried: HostReport["tried"] = {}): HostReport {
  // A broker with privilege mounts it before it gives the privilege up.
  if (facts.privileged) return { facts, architecture: process.arch, tried };
  const covered = coveredProc();
  const hindered = covered.length > 0 || !facts.userns.works;
  const around = hindered ? { surroundings: surroundings() } : {};
  return { facts, architecture: process.arch, tried, coveredProc: covered, ...around };
}

import type { Stats } from "../broker/messages.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import type { EnforcementTable } from "../evidence/enforcement.js";
import type { Level } from "../policy/level.js";
import type { Envelope } from "../record/envelope.js";
import type { RecordedResult } from "../record/statement.js";
import { roundMs } from "./clock.js";
import { type ExitStatus, type OutputBytes, type StartFailure, withBytes } from "./process-result.js";
import type { WrittenBack } from "./write-back/report.js";

/** What became of the changes to copies of host directories; `error` (WRITE_BACK_LOST, WRITE_BACK_FAILED) where something is missing on the host. */
export interface WriteBackOutcome extends WrittenBack {
  readonly error?: BulkheadError;
}

/** How a run came out: one shape for success and failure, with a boolean for each cause. JSON gives exactly these fields, without the bytes. */
export interface RunResult extends OutputBytes {
  /** The workload's own; 127 when it was not found, 126 when it could not be executed; null when a signal ended it. */
  readonly exitCode: number | null;
  /** `SIGKILL` where a limit ended it; null when it exited. */
  readonly signal: string | null;
  /** What is not UTF-8 is replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** `resources.time` was used up. */
  readonly timedOut: boolean;
  /** The kernel killed something inside for want of memory; false where nothing measures it. */
  readonly oomKilled: boolean;
  /**
   * A process or thread was refused for the limit. False where nothing outside counts it: at level gvisor, whose kernel refuses by itself, and
   * without a pids cgroup (RLIMIT_NPROC); there the program says EAGAIN and no more.
   */
  readonly pidsExceeded: boolean;
  /**
   * A file system that the workload can write to was full at some time: its own (the working directory, /tmp, /dev/shm, a writable root, each
   * tmpfs), or the host's behind a writable directory. The broker looks from outside, so what is full for a moment only (less than 0.1 s) may be missed,
   * and so is a request that was refused while there was room (`fallocate` of too much).
   */
  readonly diskFull: boolean;
  /** It was killed for `resources.output`, and what exceeded it is missing. */
  readonly outputTruncated: boolean;
  /** There is no such program: the 127 is not the program's own. */
  readonly notFound: boolean;
  /** There is one that could not be executed: the 126 is not its own. */
  readonly notExecutable: boolean;
  /** From the call of `run` to when nothing was left. */
  readonly durationMs: number;
  /** Of everything inside; null where nothing measures it. */
  readonly cpuMs: number | null;
  /** Most memory that all processes inside had together, as the cgroup counts it; null where nothing measures it. */
  readonly maxRssBytes: number | null;
  readonly level: Level;
  readonly enforcement: EnforcementTable;
  /** The signed statement of what was in force; null unless it was asked for. */
  readonly record: Envelope | null;
  /** Null where the workload wrote to the host's own directories, or to none. */
  readonly writeBack: WriteBackOutcome | null;
  /** What of the image was left out, a line each: an environment line that is none, a volume in /proc. */
  readonly notes: readonly string[];
  /** Which defaults were lowered to a maximum of the broker's owner, a line each. */
  readonly lowered: readonly string[];
  /** Why the program could not be started (`exitCode` 126 or 127). */
  readonly error?: BulkheadError;
}

/** What the parts of a result come from. */
export interface RunFacts {
  readonly status: ExitStatus;
  readonly output: { readonly stdout: Buffer; readonly stderr: Buffer };
  readonly timedOut: boolean;
  readonly outputTruncated: boolean;
  readonly durationMs: number;
  /** The broker's, never init's. */
  readonly stats: Stats;
  readonly level: Level;
  readonly enforcement: EnforcementTable;
  readonly writeBack: WriteBackOutcome | null;
  readonly notes: readonly string[];
  readonly lowered: readonly string[];
  readonly failure?: StartFailure;
  readonly record?: Envelope;
}

/** What a record says of how a run came out. */
export function recordedResult({ stats, status, timedOut, outputTruncated }: RunFacts): RecordedResult {
  return {
    exitCode: status.exitCode,
    signal: status.signal,
    timedOut,
    oomKilled: (stats.oomKills ?? 0) > 0,
    pidsExceeded: (stats.pidsExceeded ?? 0) > 0,
    diskFull: stats.diskFull === true,
    outputTruncated,
    cpuMs: stats.cpuUs === null ? null : stats.cpuUs / 1000,
    maxRssBytes: stats.memoryPeakBytes,
  };
}

export function runResult(facts: RunFacts): RunResult {
  const { stats, output, status, failure } = facts;
  const result = {
    exitCode: status.exitCode,
    signal: status.signal,
    stdout: output.stdout.toString(),
    stderr: output.stderr.toString(),
    timedOut: facts.timedOut,
    oomKilled: (stats.oomKills ?? 0) > 0,
    pidsExceeded: (stats.pidsExceeded ?? 0) > 0,
    diskFull: stats.diskFull === true,
    outputTruncated: facts.outputTruncated,
    notFound: failure?.notFound === true,
    notExecutable: failure?.notExecutable === true,
    durationMs: roundMs(facts.durationMs),
    cpuMs: stats.cpuUs === null ? null : stats.cpuUs / 1000,
    maxRssBytes: stats.memoryPeakBytes,
    level: facts.level,
    enforcement: facts.enforcement,
    record: facts.record ?? null,
    writeBack: facts.writeBack,
    notes: facts.notes,
    lowered: facts.lowered,
    ...(failure === undefined ? {} : { error: failure.error }),
  };
  return withBytes(result, output.stdout, output.stderr);
}

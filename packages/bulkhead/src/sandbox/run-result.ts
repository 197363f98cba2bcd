import type { Stats } from "../broker/messages.js";
import type { EnforcementTable } from "../enforcement/enforcement.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import type { Level } from "../policy/level.js";
import type { Envelope } from "../record/envelope.js";
import type { RecordedResult } from "../record/statement.js";
import { roundMs } from "../session/clock.js";
import { type ExitStatus, type OutputBytes, type StartFailure, withBytes } from "../session/process-result.js";
import { defined } from "../values/defined.js";
import type { WrittenBack } from "./write-back/report.js";

/**
 * Outcome of writing changes back to host directories; `error` (WRITE_BACK_LOST, WRITE_BACK_FAILED) if something is
 * missing on the host.
 */
export interface WriteBackOutcome extends WrittenBack {
  readonly error?: BulkheadError;
}

/**
 * Result of a run: one shape for success and failure, with a boolean for each cause. JSON contains exactly these
 * fields, without the bytes.
 */
export interface RunResult extends OutputBytes {
  /** The workload's exit code; 127 if it was not found, 126 if it could not be executed; null if a signal killed it. */
  readonly exitCode: number | null;
  /** `SIGKILL` if a limit ended the workload; null if it exited. */
  readonly signal: string | null;
  /** Invalid UTF-8 is replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** The run used up `resources.time`. */
  readonly timedOut: boolean;
  /** The kernel killed a process inside for lack of memory; false if this host does not measure that. */
  readonly oomKilled: boolean;
  /**
   * The kernel refused a process or thread because of the limit. False if nothing outside counts it: at level gvisor,
   * where the Sentry itself refuses, and without a pids cgroup (RLIMIT_NPROC). The program then only sees EAGAIN.
   */
  readonly pidsExceeded: boolean;
  /**
   * A file system that the workload can write to was full at some point: its own (the working directory, /tmp,
   * /dev/shm, a writable root, each tmpfs), or the host's behind a writable directory. The broker checks from outside,
   * so it may miss a file system that is full for less than 0.1 s, and a request refused while there was room
   * (`fallocate` of too much).
   */
  readonly diskFull: boolean;
  /** Killed because the output exceeded `resources.output`; the excess is missing. */
  readonly outputTruncated: boolean;
  /** The program was not found: the 127 is not the program's own. */
  readonly notFound: boolean;
  /** The program could not be executed: the 126 is not the program's own. */
  readonly notExecutable: boolean;
  /** Time from the call of `run` until nothing of the sandbox was left. */
  readonly durationMs: number;
  /** CPU time of everything inside; null if this host does not measure it. */
  readonly cpuMs: number | null;
  /** Peak memory of all processes inside together, as the cgroup counts it; null if this host does not measure it. */
  readonly maxRssBytes: number | null;
  readonly level: Level;
  readonly enforcement: EnforcementTable;
  /** The signed statement of the protections in force; null unless it was asked for. */
  readonly record: Envelope | null;
  /** Null if the workload wrote directly to the host's directories, or to none. */
  readonly writeBack: WriteBackOutcome | null;
  /** Parts of the image that were ignored, one line each: an invalid environment line, a volume in /proc. */
  readonly notes: readonly string[];
  /** Defaults that were lowered to a maximum of the broker's owner, one line each. */
  readonly lowered: readonly string[];
  /** Why the program could not be started (`exitCode` 126 or 127). */
  readonly error?: BulkheadError;
}

/** Sources of a result's fields. */
export interface RunFacts {
  readonly status: ExitStatus;
  readonly output: { readonly stdout: Buffer; readonly stderr: Buffer };
  readonly timedOut: boolean;
  readonly outputTruncated: boolean;
  readonly durationMs: number;
  /** From the broker, never from init. */
  readonly stats: Stats;
  readonly level: Level;
  readonly enforcement: EnforcementTable;
  readonly writeBack: WriteBackOutcome | null;
  readonly notes: readonly string[];
  readonly lowered: readonly string[];
  readonly failure?: StartFailure;
  readonly record?: Envelope;
}

/** The part of a result that a record states. */
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
    ...defined({ error: failure?.error }),
  };
  return withBytes(result, output.stdout, output.stderr);
}

import type { RunResult } from "bulkhead";
import type { ExecutionResult } from "../operations/results.js";

/** The fields that the library's results have, with the output as bytes too. */
export interface RemoteResult extends ExecutionResult {
  readonly stdoutBytes: Buffer;
  readonly stderrBytes: Buffer;
}

type RunFacts = Pick<
  RunResult,
  "oomKilled" | "pidsExceeded" | "diskFull" | "cpuMs" | "maxRssBytes" | "level" | "enforcement" | "notes" | "lowered"
>;

export interface RemoteRunResult extends RemoteResult, RunFacts {}

/** Options of a program that outlives this process' connections. */
export interface RemoteStartOptions extends Pick<RemoteExecOptions, "env" | "cwd" | "user" | "input" | "timeoutMs"> {
  /** `open`: `write` of the process writes to it. Default: `null`. */
  readonly stdin?: "null" | "open";
}

export interface RemoteExecOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: number | string;
  /** The whole stdin. */
  readonly input?: string | Uint8Array;
  readonly onStdout?: (bytes: Buffer) => unknown;
  readonly onStderr?: (bytes: Buffer) => unknown;
  readonly timeoutMs?: number;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

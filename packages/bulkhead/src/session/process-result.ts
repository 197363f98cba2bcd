import type { JsonObject } from "../channel/json.js";
import { messageOf } from "../channel/messages.js";
import { violation } from "../channel/violation.js";
import { checkExited } from "../contract/generated/channel-messages.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import { signalName } from "./signals.js";

/** How a process ended. The bytes of its output are not part of the JSON form. */
export interface ProcessResult extends OutputBytes {
  /** The program's exit code; 127 if it was not found, 126 if it could not be executed; null if a signal killed it. */
  readonly exitCode: number | null;
  /** Such as `SIGKILL`; null if the process exited. */
  readonly signal: string | null;
  /** Empty unless collected (`buffer`). Invalid UTF-8 is replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** Killed because `timeoutMs` passed. */
  readonly timedOut: boolean;
  /** Killed because the output exceeded `outputBytes`; the excess is missing. */
  readonly outputTruncated: boolean;
  /** The program was not found: the 127 is not the program's own. */
  readonly notFound: boolean;
  /** The program could not be executed: the 126 is not the program's own. */
  readonly notExecutable: boolean;
  /** Time from the request to the result. */
  readonly durationMs: number;
  /** Why the program could not be started. */
  readonly error?: BulkheadError;
}

/** Result of a failure to start a program. */
export interface StartFailure {
  readonly status: ExitStatus;
  readonly notFound: boolean;
  readonly notExecutable: boolean;
  readonly error: BulkheadError;
}

/** Maps a failure to start to a result, as shells do; undefined if the error has another cause. */
export function startFailure(error: BulkheadError): StartFailure | undefined {
  switch (error.code) {
    case "EXEC_NOT_FOUND":
      return { status: { exitCode: 127, signal: null }, notFound: true, notExecutable: false, error };
    case "EXEC_NOT_EXECUTABLE":
    case "EXEC_FAILED":
      return { status: { exitCode: 126, signal: null }, notFound: false, notExecutable: true, error };
    default:
      return undefined;
  }
}

/**
 * How a process ended, as init reports it. This is the only claim of init that the library believes, because no one
 * else can know.
 */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Status of a process that we killed together with its sandbox, so that init could not report it. */
export const KILLED: ExitStatus = { exitCode: null, signal: "SIGKILL" };

/**
 * The status, and init's claim of when it did what.
 * @throws BulkheadError PROTOCOL_VIOLATION unless it is exactly one of an exit code and a signal
 */
export function readExit(value: JsonObject): ExitStatus & { readonly marks: readonly number[] } {
  const { exitCode, signal, marks } = messageOf(checkExited, value);
  if ((exitCode === null) === (signal === null)) throw violation("message");
  return { exitCode, signal: signal === null ? null : signalName(signal), marks };
}

/** A process's output as raw bytes. */
export interface OutputBytes {
  readonly stdoutBytes: Buffer;
  readonly stderrBytes: Buffer;
}

/** Adds the output's bytes to a result as non-enumerable properties: JSON and `console.log` already show the text. */
export function withBytes<Fields extends object>(fields: Fields, stdout: Buffer, stderr: Buffer): Fields & OutputBytes {
  return Object.defineProperties(fields, {
    stdoutBytes: { value: stdout },
    stderrBytes: { value: stderr },
  }) as Fields & OutputBytes;
}

import type { JsonObject } from "../channel/json.js";
import { isInteger } from "../channel/json.js";
import { violation } from "../channel/violation.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import { signalName } from "./signals.js";

/** How a process ended. The bytes of its output are not part of the JSON form. */
export interface ProcessResult extends OutputBytes {
  /** Its own; 127 when it was not found, 126 when it could not be executed; null when a signal ended it. */
  readonly exitCode: number | null;
  /** `SIGKILL`; null when it exited. */
  readonly signal: string | null;
  /** Empty unless it was collected (`buffer`). What is not UTF-8 is replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** It was killed for `timeoutMs`. */
  readonly timedOut: boolean;
  /** It was killed for `outputBytes`, and what exceeded them is missing. */
  readonly outputTruncated: boolean;
  /** There is no such program: the 127 is not the program's own. */
  readonly notFound: boolean;
  /** There is one that could not be executed: the 126 is not its own. */
  readonly notExecutable: boolean;
  /** From the request to the result. */
  readonly durationMs: number;
  /** Why it could not be started. */
  readonly error?: BulkheadError;
}

/** What a failure to start a program comes to in a result. */
export interface StartFailure {
  readonly status: ExitStatus;
  readonly notFound: boolean;
  readonly notExecutable: boolean;
  readonly error: BulkheadError;
}

/** A program that could not be started has a result, as shells have it; undefined: the error is about something else. */
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

/** What init says of a process that ended: the one thing that it is believed in, because nobody else can know. */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Of what we killed ourselves, together with whoever could have told. */
export const KILLED: ExitStatus = { exitCode: null, signal: "SIGKILL" };

/** @throws BulkheadError PROTOCOL_VIOLATION unless it is exactly one of an exit code and a signal */
export function readExitStatus(value: JsonObject): ExitStatus {
  const { exitCode, signal } = value as { readonly exitCode?: unknown; readonly signal?: unknown };
  if (isInteger(exitCode, 0, 255) && signal === null) {
    return { exitCode, signal: null };
  }
  if (exitCode === null && isInteger(signal, 1, 64)) {
    return { exitCode: null, signal: signalName(signal) };
  }
  throw violation("message");
}

/** What a process put out, as it came. */
export interface OutputBytes {
  readonly stdoutBytes: Buffer;
  readonly stderrBytes: Buffer;
}

/** Adds the bytes of the output to a result, where JSON and `console.log` do not see them: the text is there already. */
export function withBytes<Fields extends object>(fields: Fields, stdout: Buffer, stderr: Buffer): Fields & OutputBytes {
  return Object.defineProperties(fields, {
    stdoutBytes: { value: stdout },
    stderrBytes: { value: stderr },
  }) as Fields & OutputBytes;
}

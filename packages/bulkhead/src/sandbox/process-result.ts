import type { JsonObject } from "../channel/json.js";
import { isInteger } from "../channel/json.js";
import { violation } from "../channel/violation.js";
import { signalName } from "./signals.js";

/** How a process ended. */
export interface ProcessResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** `SIGKILL`; null when it exited. */
  readonly signal: string | null;
  /** Empty unless it was collected (`buffer`). What is not UTF-8 is replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** The same, as it came. Not part of the JSON form. */
  readonly stdoutBytes: Buffer;
  readonly stderrBytes: Buffer;
  /** It was killed for `timeoutMs`. */
  readonly timedOut: boolean;
  /** It was killed for `outputBytes`, and what exceeded them is missing. */
  readonly outputTruncated: boolean;
  /** From the request to the result. */
  readonly durationMs: number;
}

/** What init says of a process that ended: the one thing that it is believed in, because nobody else can know. */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

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

/** What a process put out, as bytes and, when asked for, as text. */
export class Output {
  readonly #stdoutBytes: Buffer;
  readonly #stderrBytes: Buffer;
  readonly stdout: string;
  readonly stderr: string;

  constructor(stdout: Buffer, stderr: Buffer) {
    this.#stdoutBytes = stdout;
    this.#stderrBytes = stderr;
    this.stdout = stdout.toString();
    this.stderr = stderr.toString();
  }

  get stdoutBytes(): Buffer {
    return this.#stdoutBytes;
  }

  get stderrBytes(): Buffer {
    return this.#stderrBytes;
  }
}

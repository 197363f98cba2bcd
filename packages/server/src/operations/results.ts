import { BulkheadError, type ProcessResult } from "bulkhead";

/** How a program ended, as the API says it; the same fields as the library's, without raw bytes. */
export interface ExecutionResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly outputTruncated: boolean;
  readonly notFound: boolean;
  readonly notExecutable: boolean;
  readonly durationMs: number;
}

export function executionResult(result: ProcessResult): ExecutionResult {
  const { exitCode, signal, stdout, stderr, timedOut, outputTruncated } = result;
  const { notFound, notExecutable, durationMs } = result;
  return { exitCode, signal, stdout, stderr, timedOut, outputTruncated, notFound, notExecutable, durationMs };
}

/** The result of a program that could not be started, as `sandbox.run` has it; throws an error of another cause. */
export function failedStart(error: unknown): ExecutionResult {
  if (!(error instanceof BulkheadError)) throw error;
  const notFound = error.code === "EXEC_NOT_FOUND";
  if (!notFound && error.code !== "EXEC_NOT_EXECUTABLE" && error.code !== "EXEC_FAILED") throw error;
  return {
    exitCode: notFound ? 127 : 126,
    signal: null,
    stdout: "",
    stderr: "",
    timedOut: false,
    outputTruncated: false,
    notFound,
    notExecutable: !notFound,
    durationMs: 0,
  };
}

/** What the store keeps of a result: a program's output may be secret, and large. */
export function withoutOutput(result: ExecutionResult): string {
  return JSON.stringify({ ...result, stdout: "", stderr: "" });
}

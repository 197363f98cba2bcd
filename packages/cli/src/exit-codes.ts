import { constants } from "node:os";

/** Exit codes of `bulkhead run` that are not the workload's own. */
export const EXIT = {
  timedOut: 124,
  /** Bulkhead itself failed, or refused. */
  bulkhead: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

const SIGNAL_BASE = 128;

/** As shells have it: 128 + the signal's number. */
export function exitCodeOfSignal(signal: string): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return SIGNAL_BASE + (numbers[signal] ?? constants.signals.SIGKILL);
}

/** The outcome of a run, as far as it determines the exit code. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly writeBack?: { readonly error?: unknown } | null;
}

/** The exit code of `bulkhead run`. */
export function exitCodeOf({ exitCode, signal, timedOut, writeBack }: Outcome): number {
  if (timedOut) return EXIT.timedOut;
  if (signal !== null) return exitCodeOfSignal(signal);
  // A caller that uses the results must not continue without them.
  if (exitCode === 0 && writeBack?.error !== undefined) return EXIT.bulkhead;
  return exitCode ?? EXIT.bulkhead;
}

import { type LaunchMarks, monotonicUs, traceFile } from "./marks.js";

let writer: typeof import("./write.js") | undefined;
/** Launches that have ended, whose callers may still be making their results. */
const unwritten = new Set<LaunchMarks>();

/**
 * Creates the file of BULKHEAD_TRACE, if it is set.
 * @throws BulkheadError ARGUMENT_INVALID if it cannot be written
 */
export async function beginTrace(): Promise<void> {
  const file = traceFile();
  if (file === undefined) return;
  if (writer === undefined) {
    writer = await import("./write.js");
    // The command line exits as soon as it has a result.
    process.once("exit", writeAll);
  }
  writer.openTrace(file);
}

function writeAll(): void {
  for (const marks of unwritten) writer?.writeLaunch(marks);
  unwritten.clear();
}

/** Collects the marks of one launch. */
export class Trace {
  readonly marks: LaunchMarks;

  private constructor(id: string) {
    this.marks = {
      id,
      level: null,
      called: undefined,
      asked: monotonicUs(),
      launched: undefined,
      oneRun: false,
      execs: [],
      released: undefined,
      ended: undefined,
      done: undefined,
    };
  }

  /** For the launch of `id`, which has just been requested. Undefined unless traces are written. */
  static of(id: string): Trace | undefined {
    return traceFile() === undefined ? undefined : new Trace(id);
  }

  /** `calledMs`: when the caller called, in milliseconds of the same clock. */
  describe(level: string, calledMs: number, oneRun: boolean): void {
    Object.assign(this.marks, { level, called: Math.trunc(calledMs * 1000), oneRun });
  }

  launched(marks: readonly number[]): void {
    this.marks.launched = { at: monotonicUs(), marks };
  }

  /** Begins an exec. The returned function takes init's marks, once it has ended. */
  exec(): (inside: readonly number[]) => void {
    const asked = monotonicUs();
    return (inside) => void this.marks.execs.push({ asked, answered: monotonicUs(), inside });
  }

  released(): void {
    this.marks.released ??= monotonicUs();
  }

  /** The sandbox is gone: writes the trace, after the caller has its result. */
  ended(marks: readonly number[]): void {
    this.marks.ended = { at: monotonicUs(), marks };
    unwritten.add(this.marks);
    setImmediate(writeAll);
  }

  /** The caller's result is complete. */
  done(): void {
    this.marks.done = monotonicUs();
  }
}

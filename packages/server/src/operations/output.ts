import { Writable } from "node:stream";
import type { RunResult } from "bulkhead";
import type { EventPipe } from "./event-pipe.js";
import type { ExecutionResult } from "./results.js";

/** What a stream of one program's output says, in order: its start, its output, and at last one result or error. */
export type ProgramEvent =
  | { readonly type: "start"; readonly id: string }
  | { readonly type: "stdout" | "stderr"; readonly data: string }
  | { readonly type: "result"; readonly result: ExecutionResult | RunResult }
  | { readonly type: "error"; readonly error: unknown };

/** Where output goes. */
export interface OutputSink {
  stdout(bytes: Buffer): Promise<void>;
  stderr(bytes: Buffer): Promise<void>;
}

/** Sends output to the reader of a pipe, at the reader's speed. Base64: output is bytes, and events are text. */
export function pipeSink(pipe: EventPipe<ProgramEvent>): OutputSink {
  return {
    stdout: async (bytes) => await pipe.push({ type: "stdout", data: bytes.toString("base64") }),
    stderr: async (bytes) => await pipe.push({ type: "stderr", data: bytes.toString("base64") }),
  };
}

/** Notes when the first output came. */
export class TimedSink implements OutputSink {
  readonly #sink: OutputSink;
  firstAt: number | undefined;

  constructor(sink: OutputSink) {
    this.#sink = sink;
  }

  async stdout(bytes: Buffer): Promise<void> {
    this.firstAt ??= performance.now();
    await this.#sink.stdout(bytes);
  }

  async stderr(bytes: Buffer): Promise<void> {
    this.firstAt ??= performance.now();
    await this.#sink.stderr(bytes);
  }
}

/** The first failure of a sink: it ends the program, whose own error then only says that it was ended. */
export class GuardedSink implements OutputSink {
  readonly #sink: OutputSink;
  readonly #abort: () => void;
  failure: unknown;

  constructor(sink: OutputSink, abort: () => void) {
    this.#sink = sink;
    this.#abort = abort;
  }

  async stdout(bytes: Buffer): Promise<void> {
    await this.#guard(this.#sink.stdout(bytes));
  }

  async stderr(bytes: Buffer): Promise<void> {
    await this.#guard(this.#sink.stderr(bytes));
  }

  async #guard(taken: Promise<void>): Promise<void> {
    try {
      await taken;
    } catch (error) {
      this.failure ??= error;
      this.#abort();
    }
  }

  /** As the library takes streams. */
  streams(): { readonly stdout: Writable; readonly stderr: Writable } {
    return { stdout: writable((bytes) => this.stdout(bytes)), stderr: writable((bytes) => this.stderr(bytes)) };
  }
}

function writable(take: (bytes: Buffer) => Promise<void>): Writable {
  return new Writable({
    highWaterMark: 1,
    write: (bytes: Buffer, _encoding, done) => {
      take(bytes).then(() => done(), done);
    },
  });
}

import type { Writable } from "node:stream";
import { callbackFailed, streamFailed } from "../../arguments/callbacks.js";
import { InputStream } from "../../channel/input-stream.js";
import type { BulkheadError } from "../../errors/bulkhead-error.js";
import { deferred } from "../../values/deferred.js";
import type { Execution, OutputUse } from "../execution.js";
import type { EndsOptions } from "./options.js";
import { callbackWriter, carry, type SinkWriter, writerTo } from "./sink.js";
import { type ByteSource, readerOf, type SourceReader } from "./source.js";

const OUTPUTS = ["stdout", "stderr"] as const;
type OutputName = (typeof OUTPUTS)[number];

/**
 * The caller's streams and callbacks for one program. It listens to them from the start, long before the program runs,
 * and remembers early failures. It reports the first failure of any of them, and then reads and writes nothing more.
 */
export class Ends implements Disposable {
  readonly #operation: string;
  readonly #options: EndsOptions;
  readonly #reader: SourceReader | undefined;
  readonly #writers: Readonly<Record<OutputName, SinkWriter | undefined>>;
  #failure: BulkheadError | undefined;
  #failed: ((error: BulkheadError) => void) | undefined;
  #execution: Execution | undefined;
  readonly #cut = deferred();

  /** `options` must already be validated. */
  constructor(operation: string, options: EndsOptions) {
    this.#operation = operation;
    this.#options = options;
    const [name, source] = sourceIn(options);
    const failed = (cause: unknown) => streamFailed(operation, name, cause);
    try {
      this.#reader = source && readerOf(source, (cause) => this.fail(failed(cause)));
    } catch (cause) {
      throw failed(cause);
    }
    this.#writers = { stdout: this.#writer("stdout"), stderr: this.#writer("stderr") };
  }

  get failure(): BulkheadError | undefined {
    return this.#failure;
  }

  /** Calls `failed` with the first failure, at once if it has already happened. */
  whenFailed(failed: (error: BulkheadError) => void): void {
    this.#failed = failed;
    if (this.#failure !== undefined) failed(this.#failure);
  }

  /** Only the first failure counts. */
  fail(error: BulkheadError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#failed?.(error);
  }

  /** Whether a caller's stream or callback takes this output. */
  takes(name: OutputName): boolean {
    return this.#writers[name] !== undefined;
  }

  /** How one output is used; output that no stream or callback takes is collected. */
  use(name: OutputName, collect = this.#options.output?.[name] === undefined): OutputUse {
    return { collect, stream: this.takes(name) };
  }

  /** Feeds the program's stdin. Returns the stream to write to with `stdin: "pipe"`, else null. */
  connectInput(execution: Execution, piped: boolean): Writable | null {
    if (!piped) return null;
    const name = this.#options.input === undefined ? "stdin" : "options.input";
    const to = new InputStream(execution.stream, (cause) => this.fail(streamFailed(this.#operation, name, cause)));
    void execution.settled.then(() => {
      this.#reader?.release();
      to.destroy();
    });
    if (this.#reader !== undefined) {
      this.#reader.feed(to);
      return null;
    }
    const { input } = this.#options;
    if (input === undefined) return to;
    to.end(input);
    return null;
  }

  /** Forwards the output. Resolves when every taker has all of it, or nothing waits for them any more. */
  connectOutput(execution: Execution): Promise<void> | undefined {
    this.#execution = execution;
    const carried = OUTPUTS.flatMap((name) => {
      const from = execution.streams[name];
      const to = this.#writers[name];
      if (from === null || to === undefined) return [];
      return [carry(from, to)];
    });
    if (carried.length === 0) return undefined;
    return Promise.race([Promise.all(carried).then(() => undefined), this.#cut.promise]);
  }

  /** Stops waiting for and listening to every stream. */
  [Symbol.dispose](): void {
    this.#reader?.release();
    for (const name of OUTPUTS) {
      if (this.#writers[name] === undefined) continue;
      this.#writers[name].release();
      this.#execution?.streams[name]?.destroy();
    }
    this.#cut.resolve();
  }

  #writer(name: OutputName): SinkWriter | undefined {
    const isStdout = name === "stdout";
    const callback = isStdout ? this.#options.onStdout : this.#options.onStderr;
    if (callback !== undefined) {
      const called = isStdout ? "options.onStdout" : "options.onStderr";
      return callbackWriter(callback, (cause) => this.fail(callbackFailed(this.#operation, called, cause)));
    }
    const sink = this.#options.output?.[name];
    const failed = (cause: unknown) => this.fail(streamFailed(this.#operation, `options.output.${name}`, cause));
    return sink && writerTo(sink, failed);
  }
}

function sourceIn({ stdin, input }: EndsOptions): readonly [name: string, source: ByteSource | undefined] {
  if (typeof stdin === "object") return ["options.stdin", stdin];
  return ["options.input", typeof input === "object" && !(input instanceof Uint8Array) ? input : undefined];
}

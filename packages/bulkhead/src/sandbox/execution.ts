import { ByteQueue } from "../channel/byte-queue.js";
import type { JsonObject } from "../channel/json.js";
import { OutputBudget } from "../channel/output-budget.js";
import { OutputStream } from "../channel/output-stream.js";
import { FD_OUT, type OutFd } from "../channel/protocol.js";
import type { ChannelStream, StreamHandler } from "../channel/stream.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import type { ExecRequest } from "./exec-options.js";
import type { Live } from "./live.js";
import { type ExitStatus, readExitStatus } from "./process-result.js";

/** What is to become of one process's output. */
export interface OutputPlan {
  /** True: kept in memory. False: given as streams, which hold the process back until they are read. */
  readonly buffer: boolean;
  /** Of both together; undefined: no bound. */
  readonly bytes: number | undefined;
  /** Called once, when more than `bytes` came. */
  readonly exceeded: () => void;
}

/** How an exec came out: nothing here rejects, so that a caller that kills a process need not guard every promise. */
export type Settled = { readonly status: ExitStatus } | { readonly error: BulkheadError };

/** One exec on the channel: where its output goes, when it runs, and how it ends. */
export class Execution implements StreamHandler {
  readonly stream: ChannelStream;
  readonly started: Promise<number | undefined>;
  readonly settled: Promise<Settled>;
  /** Present unless the output is collected. */
  readonly streams: { readonly stdout: OutputStream; readonly stderr: OutputStream } | undefined;
  readonly #stdout: ByteQueue | OutputStream;
  readonly #stderr: ByteQueue | OutputStream;
  readonly #budget: OutputBudget | undefined;
  #resolveStarted: (pid: number | undefined) => void = () => undefined;
  #rejectStarted: (error: BulkheadError) => void = () => undefined;
  #settle: (settled: Settled) => void = () => undefined;

  /** @throws BulkheadError as {@link Channel.open} */
  constructor(live: Live, request: ExecRequest, output: OutputPlan) {
    this.started = new Promise((resolve, reject) => {
      this.#resolveStarted = resolve;
      this.#rejectStarted = reject;
    });
    this.started.catch(() => undefined);
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#budget = output.bytes === undefined ? undefined : new OutputBudget(output.bytes, output.exceeded);
    if (output.buffer) {
      this.#stdout = new ByteQueue();
      this.#stderr = new ByteQueue();
    } else {
      this.streams = { stdout: this.#outputStream(1), stderr: this.#outputStream(2) };
      this.#stdout = this.streams.stdout;
      this.#stderr = this.streams.stderr;
    }
    this.stream = live.channel.open(request, this);
  }

  /** True when something was cut. */
  get truncated(): boolean {
    return this.#budget?.exhausted === true;
  }

  /** What was collected. */
  collected(): { readonly stdout: Buffer; readonly stderr: Buffer } {
    return { stdout: taken(this.#stdout), stderr: taken(this.#stderr) };
  }

  accepted(pid: number | undefined): void {
    this.#resolveStarted(pid);
  }

  data(fd: OutFd, chunk: Buffer): void {
    const kept = this.#budget === undefined ? chunk : this.#budget.take(chunk);
    const sink = this.#sink(fd);
    if (sink instanceof OutputStream) {
      sink.feed(kept);
      this.stream.consumed(fd, chunk.length - kept.length);
    } else {
      sink.push(kept);
      this.stream.consumed(fd, chunk.length);
    }
  }

  ended(fd: OutFd): void {
    finish(this.#sink(fd));
  }

  result(value: JsonObject): void {
    const status = readExitStatus(value);
    this.#finish();
    this.#resolveStarted(undefined);
    this.#settle({ status });
  }

  failed(error: BulkheadError): void {
    this.#finish();
    this.#rejectStarted(error);
    this.#settle({ error });
  }

  /** The streams just end, as those of an ordinary process do: why is told by the result. */
  #finish(): void {
    finish(this.#stdout);
    finish(this.#stderr);
  }

  #outputStream(fd: OutFd): OutputStream {
    return new OutputStream((bytes) => this.stream.consumed(fd, bytes));
  }

  #sink(fd: OutFd): ByteQueue | OutputStream {
    return fd === FD_OUT ? this.#stdout : this.#stderr;
  }
}

function finish(sink: ByteQueue | OutputStream): void {
  if (sink instanceof OutputStream) {
    sink.finish();
  }
}

function taken(sink: ByteQueue | OutputStream): Buffer {
  return sink instanceof OutputStream ? Buffer.alloc(0) : sink.takeAll();
}

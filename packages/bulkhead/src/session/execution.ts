import { ByteQueue } from "../channel/byte-queue.js";
import type { JsonObject } from "../channel/json.js";
import { OutputBudget } from "../channel/output-budget.js";
import { OutputStream } from "../channel/output-stream.js";
import { FD_ERR, FD_OUT, type OutFd } from "../channel/protocol.js";
import type { ChannelStream, StreamHandler } from "../channel/stream.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import { deferred } from "../values/deferred.js";
import type { ExecRequest } from "./exec-options.js";
import type { Live } from "./live.js";
import { type ExitStatus, readExit } from "./process-result.js";

/** How stdout or stderr is used: collected in memory, given as a stream that applies backpressure, or both. */
export interface OutputUse {
  readonly collect: boolean;
  readonly stream: boolean;
}

/** How to handle one process's output. */
export interface OutputPlan {
  readonly stdout: OutputUse;
  readonly stderr: OutputUse;
  /** Maximum of both together; undefined: unlimited. */
  readonly bytes: number | undefined;
  /** Called once, when more than `bytes` arrive. */
  readonly exceeded: () => void;
}

/**
 * How an exec ended. A value and not a rejection, so that a caller that kills a process need not guard every promise.
 */
export type Settled = { readonly status: ExitStatus } | { readonly error: BulkheadError };

/** One exec on the channel: where its output goes, when it runs, and how it ends. */
export class Execution implements StreamHandler {
  readonly stream: ChannelStream;
  /** The requested streams; null for output that is collected. */
  readonly streams: { readonly stdout: OutputStream | null; readonly stderr: OutputStream | null };
  readonly #collected: { readonly stdout: ByteQueue | null; readonly stderr: ByteQueue | null };
  readonly #budget: OutputBudget | undefined;
  readonly #started = deferred<number | undefined>();
  readonly #settled = deferred<Settled>();
  readonly #traced: ((marks: readonly number[]) => void) | undefined;

  /** @throws BulkheadError as {@link Channel.open} */
  constructor(live: Live, request: ExecRequest, output: OutputPlan) {
    this.#budget = output.bytes === undefined ? undefined : new OutputBudget(output.bytes, output.exceeded);
    const streamed = ({ stream }: OutputUse, fd: OutFd) =>
      stream ? new OutputStream((bytes) => this.stream.consumed(fd, bytes)) : null;
    const queue = ({ collect }: OutputUse) => (collect ? new ByteQueue() : null);
    this.streams = { stdout: streamed(output.stdout, FD_OUT), stderr: streamed(output.stderr, FD_ERR) };
    this.#collected = { stdout: queue(output.stdout), stderr: queue(output.stderr) };
    this.#traced = live.trace?.exec();
    this.stream = live.channel.open(request, this);
  }

  /** Resolves with the process id inside when the program runs; undefined if it ended at once. */
  get started(): Promise<number | undefined> {
    return this.#started.promise;
  }

  get settled(): Promise<Settled> {
    return this.#settled.promise;
  }

  /** True if output was cut. */
  get truncated(): boolean {
    return this.#budget?.exhausted === true;
  }

  /** The collected output. */
  collected(): { readonly stdout: Buffer; readonly stderr: Buffer } {
    const taken = (queue: ByteQueue | null) => queue?.takeAll() ?? Buffer.alloc(0);
    return { stdout: taken(this.#collected.stdout), stderr: taken(this.#collected.stderr) };
  }

  accepted(pid: number | undefined): void {
    this.#started.resolve(pid);
  }

  data(fd: OutFd, chunk: Buffer): void {
    const part = this.#budget === undefined ? chunk : this.#budget.take(chunk);
    const name = fd === FD_OUT ? "stdout" : "stderr";
    this.#collected[name]?.push(part);
    const stream = this.streams[name];
    stream?.feed(part);
    // Data in a stream counts as consumed only when its reader takes it.
    this.stream.consumed(fd, stream === null ? chunk.length : chunk.length - part.length);
  }

  ended(fd: OutFd): void {
    (fd === FD_OUT ? this.streams.stdout : this.streams.stderr)?.finish();
  }

  result(value: JsonObject): void {
    const { marks, ...status } = readExit(value);
    this.#traced?.(marks);
    this.#finish();
    this.#started.resolve(undefined);
    this.#settled.resolve({ status });
  }

  failed(error: BulkheadError): void {
    this.#finish();
    this.#started.reject(error);
    this.#settled.resolve({ error });
  }

  /** The streams simply end, as an ordinary process's do; the result says why. */
  #finish(): void {
    this.streams.stdout?.finish();
    this.streams.stderr?.finish();
  }
}

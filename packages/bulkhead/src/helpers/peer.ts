import type { Duplex } from "node:stream";
import { type BulkheadError, BulkheadError as Failure } from "../errors/bulkhead-error.js";
import { deferred } from "../values/deferred.js";
import { type Body, IncomingBody } from "./body.js";
import {
  DATA_BYTES,
  decodeJson,
  encodeFrame,
  encodeJson,
  type Frame,
  FrameDecoder,
  Kind,
  Violation,
} from "./frames.js";
import { Outgoing } from "./outgoing.js";
import { Silence, type Wait } from "./silence.js";
import { readThrown, writeThrown } from "./thrown.js";

/** One side's answer: a JSON value, followed by bytes if it has a `body`. */
export interface Answered {
  readonly value: unknown;
  readonly body?: AsyncIterable<Uint8Array>;
}

/** By name; `value` is unchecked. The signal is aborted when the caller wants no more or is gone. */
export type Methods = Readonly<Record<string, (value: unknown, signal: AbortSignal) => Promise<Answered>>>;

export interface Received {
  readonly value: unknown;
  /** Read it to its end, or leave early with `break`. Undefined: there is none. */
  readonly body: Body | undefined;
}

interface Waiting {
  readonly resolve: (received: Received) => void;
  readonly reject: (error: Error) => void;
  readonly wait: Wait | undefined;
  body: IncomingBody | undefined;
  answered: boolean;
}

/** Maximum number of pending calls to the other side. */
const MOST_CALLS = 256;

/** One end of the connection between the library and a helper. Both ends are the same: each may call the other. */
export class Peer {
  readonly #connection: Duplex;
  readonly #methods: Methods;
  readonly #lost: (why: BulkheadError | Violation | undefined) => BulkheadError;
  readonly #calls = new Map<number, Waiting>();
  readonly #serving = new Map<number, Outgoing>();
  readonly #silence = new Silence();
  #next = 0;
  #draining: Promise<void> | undefined;
  #gone: BulkheadError | undefined;
  readonly #ended = deferred<BulkheadError>();

  /** `lost` creates the error that pending operations end with. */
  constructor(
    connection: Duplex,
    methods: Methods,
    lost: (why: BulkheadError | Violation | undefined) => BulkheadError,
  ) {
    this.#connection = connection;
    this.#methods = methods;
    this.#lost = lost;
    const decoder = new FrameDecoder();
    connection.on("data", (chunk: Buffer) => this.#push(decoder, chunk));
    for (const event of ["error", "end", "close"] as const) connection.on(event, () => this.close());
  }

  /** Resolves with the reason when the connection has ended. */
  get ended(): Promise<BulkheadError> {
    return this.#ended.promise;
  }

  /** Why the connection ended. */
  get gone(): BulkheadError | undefined {
    return this.#gone;
  }

  /**
   * `silenceMs`: after so long without progress this side closes the connection. Default: no limit.
   * @throws BulkheadError what the other side throws, or that it is lost; ABORTED by the signal
   */
  async call(method: string, value: unknown, signal?: AbortSignal, silenceMs = Infinity): Promise<Received> {
    if (this.#gone !== undefined) throw this.#gone;
    if (signal?.aborted === true) throw aborted(method);
    this.#next = (this.#next + 1) % 0x1_0000_0000;
    const call = this.#next;
    // First: a message that is too long counts as never called.
    const message = encodeJson(call, Kind.Call, { method, value });
    const abort = () => this.#abandon(call, aborted(method));
    signal?.addEventListener("abort", abort, { once: true });
    const stop = () => signal?.removeEventListener("abort", abort);
    try {
      const received = await new Promise<Received>((resolve, reject) => {
        const wait = silenceMs === Infinity ? undefined : this.#await(call, method, silenceMs);
        this.#calls.set(call, { resolve, reject, wait, body: undefined, answered: false });
        this.#write(message);
      });
      if (received.body === undefined) stop();
      else void received.body.done.then(stop);
      return received;
    } catch (error) {
      stop();
      throw error;
    }
  }

  #await(call: number, method: string, silenceMs: number): Wait {
    const mayAnswer = () => this.#calls.get(call)?.body?.isRead !== false;
    return this.#silence.wait(silenceMs, mayAnswer, () => {
      const detail = `no answer in ${silenceMs / 1000} s`;
      this.close(new Failure("HELPER_LOST", { operation: method, detail }));
    });
  }

  /** Ends the connection and every pending operation on it. */
  close(why?: BulkheadError | Violation): void {
    if (this.#gone !== undefined) return;
    const error = this.#lost(why);
    this.#gone = error;
    this.#connection.destroy();
    for (const { reject, wait, body } of this.#calls.values()) {
      wait?.over();
      reject(error);
      body?.fail(error);
    }
    this.#calls.clear();
    for (const outgoing of this.#serving.values()) outgoing.cancel();
    this.#serving.clear();
    this.#ended.resolve(error);
  }

  #push(decoder: FrameDecoder, chunk: Buffer): void {
    try {
      for (const frame of decoder.push(chunk)) {
        if (this.#gone !== undefined) return;
        this.#receive(frame);
      }
    } catch (error) {
      this.close(error instanceof Violation || error instanceof Failure ? error : new Violation("frame"));
    }
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case Kind.Call:
        this.#serve(frame);
        return;
      case Kind.Credit:
        if (frame.payload.length !== 4) throw new Violation("credit");
        this.#serving.get(frame.call)?.credit(frame.payload.readUInt32BE(0));
        return;
      case Kind.Cancel:
        this.#serving.get(frame.call)?.cancel();
        return;
      case Kind.Return:
      case Kind.Throw:
      case Kind.Data:
      case Kind.End:
        this.#answer(frame);
    }
  }

  /** Ignores answers to abandoned calls; an answer to a call that never existed is a violation. */
  #answer(frame: Frame): void {
    const waiting = this.#calls.get(frame.call);
    if (waiting === undefined) {
      if (frame.call > this.#next) throw new Violation("call");
      return;
    }
    if (frame.kind === Kind.Return) {
      if (waiting.answered) throw new Violation("second answer");
      this.#returned(frame, waiting);
      return;
    }
    if (frame.kind === Kind.Throw) {
      // First: an invalid error ends everything, including this call.
      const error = readThrown(decodeJson(frame));
      this.#forget(frame.call, waiting);
      waiting.reject(error);
      waiting.body?.fail(error);
      return;
    }
    if (waiting.body === undefined) throw new Violation("body");
    if (frame.kind === Kind.Data) {
      if (frame.payload.length > 0) waiting.wait?.heard();
      waiting.body.push(frame.payload);
      return;
    }
    this.#forget(frame.call, waiting);
    waiting.body.end();
  }

  #returned(frame: Frame, waiting: Waiting): void {
    const answer = decodeJson(frame);
    if (typeof answer !== "object" || answer === null || !("body" in answer)) throw new Violation("answer");
    const value = "value" in answer ? answer.value : undefined;
    waiting.answered = true;
    waiting.wait?.heard();
    if (answer.body !== true) {
      this.#forget(frame.call, waiting);
      waiting.resolve({ value, body: undefined });
      return;
    }
    const { call } = frame;
    const body = new IncomingBody({
      consumed: (bytes) => {
        const payload = Buffer.alloc(4);
        payload.writeUInt32BE(bytes);
        this.#write(encodeFrame(call, Kind.Credit, payload));
      },
      left: () => this.#abandon(call, aborted("read body")),
    });
    waiting.body = body;
    waiting.resolve({ value, body });
  }

  #abandon(call: number, error: BulkheadError): void {
    const waiting = this.#calls.get(call);
    if (waiting === undefined) return;
    this.#forget(call, waiting);
    this.#write(encodeFrame(call, Kind.Cancel));
    waiting.reject(error);
    waiting.body?.fail(error);
  }

  #forget(call: number, { wait }: Waiting): void {
    wait?.over();
    this.#calls.delete(call);
  }

  #serve(frame: Frame): void {
    const { call } = frame;
    const asked = decodeJson(frame);
    if (typeof asked !== "object" || asked === null || !("method" in asked)) throw new Violation("call");
    const { method } = asked;
    if (typeof method !== "string" || !Object.hasOwn(this.#methods, method)) throw new Violation("method");
    if (this.#serving.has(call) || this.#serving.size >= MOST_CALLS) throw new Violation("calls");
    const outgoing = new Outgoing((chunk) => {
      for (let at = 0; at < chunk.length; at += DATA_BYTES)
        this.#write(encodeFrame(call, Kind.Data, chunk.subarray(at, at + DATA_BYTES)));
    });
    this.#serving.set(call, outgoing);
    void this.#work(call, method, "value" in asked ? asked.value : undefined, outgoing).finally(() =>
      this.#serving.delete(call),
    );
  }

  async #work(call: number, method: string, value: unknown, outgoing: Outgoing): Promise<void> {
    try {
      const called = this.#methods[method]?.(value, outgoing.signal);
      const answered = called && (await this.#silence.working(called));
      if (answered === undefined || outgoing.signal.aborted) return;
      this.#write(encodeJson(call, Kind.Return, { value: answered.value, body: answered.body !== undefined }));
      // A caller that keeps asking without reading the answers blocks its own calls, whose number is limited.
      await this.#drained();
      if (answered.body === undefined) return;
      await outgoing.send(this.#silence.workingOn(answered.body));
      if (!outgoing.signal.aborted) this.#write(encodeFrame(call, Kind.End));
    } catch (error) {
      if (!outgoing.signal.aborted) this.#write(encodeJson(call, Kind.Throw, writeThrown(error)));
    }
  }

  async #drained(): Promise<void> {
    if (!this.#connection.writableNeedDrain || this.#gone !== undefined) return;
    this.#draining ??= new Promise((resolve) => {
      const done = () => {
        this.#draining = undefined;
        resolve();
      };
      this.#connection.once("drain", done);
      this.#connection.once("close", done);
    });
    await this.#draining;
  }

  #write(bytes: Buffer): void {
    if (this.#gone === undefined) this.#connection.write(bytes);
  }
}

function aborted(operation: string): BulkheadError {
  return new Failure("ABORTED", { operation });
}

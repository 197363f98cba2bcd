import type { Readable, Writable } from "node:stream";
import type { WritableStream } from "node:stream/web";
import { isRecord } from "../../arguments/values.js";
import { WakeUp } from "../../values/wake-up.js";

/** A Node or web stream to write output to. Bulkhead does not end it. */
export type ByteSink = Writable | WritableStream<Uint8Array>;

/** Called with each piece of output in order. If it returns a promise, the next piece waits for it. */
export type OutputCallback = (bytes: Buffer) => unknown;

/** Writes pieces to their destination. */
export interface SinkWriter {
  /** Resolves when it can take more. Rejects when it takes no more. */
  write(piece: Buffer): Promise<unknown> | undefined;
  /** Resolves when it has written everything it was given. */
  flushed(): Promise<unknown> | undefined;
  release(): void;
}

export function isNodeWritable(value: unknown): value is Writable {
  return isRecord(value) && typeof value["write"] === "function" && typeof value["on"] === "function";
}

export function isWebWritable(value: unknown): value is WritableStream<Uint8Array> {
  return isRecord(value) && typeof value["getWriter"] === "function";
}

/** Listens to a sink from now on. Calls `failed` if the sink fails or closes while output is still to come. */
export function writerTo(sink: ByteSink, failed: (cause: unknown) => void): SinkWriter {
  return isWebWritable(sink) ? new WebWriter(sink, failed) : new NodeWriter(sink, failed);
}

/** Wraps a callback as a sink. It is not called again after a failure. */
export function callbackWriter(callback: OutputCallback, failed: (cause: unknown) => void): SinkWriter {
  let over = false;
  return {
    write: async (piece) => {
      if (over) return;
      try {
        await callback(piece);
      } catch (cause) {
        if (!over) failed(cause);
        over = true;
      }
    },
    flushed: () => undefined,
    release: () => {
      over = true;
    },
  };
}

/** Copies `from` to `to` until `from` ends or is destroyed. */
export async function carry(from: Readable, to: SinkWriter): Promise<void> {
  try {
    for await (const piece of from as AsyncIterable<Buffer>) await to.write(piece);
  } catch (error) {
    if (!from.destroyed) throw error;
  }
  await to.flushed();
}

class NodeWriter implements SinkWriter {
  readonly #sink: Writable;
  readonly #failed: (cause: unknown) => void;
  /** Resumes a write that waits for room, or for the last piece to be flushed. */
  readonly #news = new WakeUp();
  #waiting = 0;
  #over = false;
  readonly #onError = (cause: unknown) => this.#fail(cause);
  readonly #onClose = () => this.#fail(new Error("it was closed before the output's end"));
  readonly #onDrain = () => this.#news.wake();

  constructor(sink: Writable, failed: (cause: unknown) => void) {
    this.#sink = sink;
    this.#failed = failed;
    sink.on("error", this.#onError).on("close", this.#onClose).on("drain", this.#onDrain);
  }

  write(piece: Buffer): Promise<unknown> | undefined {
    if (this.#over) return undefined;
    this.#waiting += 1;
    try {
      const hasRoom = this.#sink.write(piece, () => {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#news.wake();
      });
      return hasRoom || this.#over ? undefined : this.#news.wait();
    } catch (cause) {
      this.#fail(cause);
      return undefined;
    }
  }

  flushed(): Promise<unknown> | undefined {
    return this.#waiting === 0 || this.#over ? undefined : this.#news.wait();
  }

  release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#news.wake();
    this.#sink.off("close", this.#onClose).off("drain", this.#onDrain);
    // An error already in flight has no other listener, and must not end the process.
    setImmediate(() => this.#sink.off("error", this.#onError));
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.release();
    this.#failed(cause);
  }
}

class WebWriter implements SinkWriter {
  readonly #writer: ReturnType<WritableStream<Uint8Array>["getWriter"]>;
  #last: Promise<unknown> | undefined;
  #over = false;

  constructor(sink: WritableStream<Uint8Array>, failed: (cause: unknown) => void) {
    this.#writer = sink.getWriter();
    const tell = (cause: unknown) => {
      if (this.#over) return;
      this.release();
      failed(cause);
    };
    this.#writer.closed.then(() => tell(new Error("it was closed before the output's end")), tell);
  }

  write(piece: Buffer): Promise<unknown> | undefined {
    if (this.#over) return undefined;
    this.#last = this.#writer.write(piece);
    // `closed` rejects with the same error and reports it.
    this.#last.catch(() => undefined);
    return this.#writer.ready.catch(() => undefined);
  }

  flushed(): Promise<unknown> | undefined {
    return this.#last?.catch(() => undefined);
  }

  release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#writer.releaseLock();
  }
}

import type { Readable, Writable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { setImmediate as turn } from "node:timers/promises";
import { shown } from "../../arguments/check.js";
import { isRecord } from "../../arguments/values.js";

/** A source of bytes: a Node or web stream, or any iterable. Text is encoded as UTF-8. */
export type ByteSource =
  | Readable
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/** Reads a source until it ends or is released. */
export interface SourceReader {
  /** Writes everything to `to`, then ends `to`. */
  feed(to: Writable): void;
  /** Stops reading. */
  release(): void;
}

/** Pieces to take before yielding to other work: a source that never waits must not block the event loop. */
const PIECES = 64;

/** Recognises a Node stream by its shape, so another copy of the stream package works too. */
export function isNodeReadable(value: unknown): value is Readable {
  return isRecord(value) && typeof value["pipe"] === "function" && typeof value["on"] === "function";
}

export function isWebReadable(value: unknown): value is ReadableStream<Uint8Array | string> {
  return isRecord(value) && typeof value["getReader"] === "function";
}

export function isIterable(value: unknown): value is AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof value !== "object" || value === null) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/**
 * Listens to a source from now on: without a listener, a source that fails before it is read would end the process with
 * an unhandled `error` event. Calls `failed` at most once.
 */
export function readerOf(source: ByteSource, failed: (cause: unknown) => void): SourceReader {
  if (isNodeReadable(source)) return new NodeReader(source, failed);
  return new IteratorReader(isWebReadable(source) ? webIterator(source) : iteratorOf(source), failed);
}

/**
 * Only listens to the Node stream, and pauses it at the end: it may be the process's own stdin, which others use
 * afterwards.
 */
class NodeReader implements SourceReader {
  readonly #source: Readable;
  readonly #failed: (cause: unknown) => void;
  #to: Writable | undefined;
  #over = false;
  readonly #onError = (cause: unknown) => this.#fail(cause);
  readonly #onClose = () => this.#fail(new Error("it was closed before its end"));
  readonly #onDrain = () => void this.#source.resume();
  readonly #onEnd = () => {
    const to = this.#to;
    this.release();
    to?.end();
  };
  readonly #onData = (piece: unknown) => {
    if (!isPiece(piece)) this.#fail(notBytes(piece));
    else if (this.#to?.write(piece) === false) this.#source.pause();
  };

  constructor(source: Readable, failed: (cause: unknown) => void) {
    this.#source = source;
    this.#failed = failed;
    source.on("error", this.#onError).on("close", this.#onClose);
  }

  feed(to: Writable): void {
    if (this.#over) return;
    this.#to = to;
    to.on("drain", this.#onDrain);
    this.#source.on("end", this.#onEnd).on("data", this.#onData);
    // A stream that was paused before does not resume by itself.
    this.#source.resume();
  }

  release(): void {
    if (this.#over) return;
    this.#over = true;
    const to = this.#to;
    this.#source.off("end", this.#onEnd).off("data", this.#onData).off("close", this.#onClose);
    // An error already in flight has no other listener, and must not end the process.
    setImmediate(() => this.#source.off("error", this.#onError));
    if (to === undefined) return;
    to.off("drain", this.#onDrain);
    this.#source.pause();
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.release();
    this.#failed(cause);
  }
}

/** Tells the iterator when no more is wanted, as `for await` does. */
class IteratorReader implements SourceReader {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #failed: (cause: unknown) => void;
  #over = false;

  constructor(iterator: Iterator<unknown> | AsyncIterator<unknown>, failed: (cause: unknown) => void) {
    this.#iterator = iterator;
    this.#failed = failed;
  }

  feed(to: Writable): void {
    this.#pump(to).catch((cause: unknown) => {
      if (this.#over) return;
      this.release();
      this.#failed(cause);
    });
  }

  release(): void {
    if (this.#over) return;
    this.#over = true;
    try {
      const returned: unknown = this.#iterator.return?.();
      Promise.resolve(returned).catch(() => undefined);
    } catch {
      // The iterator's answer does not matter.
    }
  }

  async #pump(to: Writable): Promise<void> {
    for (let count = 1; !this.#over; count++) {
      const { done, value } = await this.#iterator.next();
      if (this.#over) return;
      if (done === true) {
        this.#over = true;
        to.end();
        return;
      }
      if (!isPiece(value)) throw notBytes(value);
      if (!to.write(value)) await drained(to);
      if (count % PIECES === 0) await turn();
    }
  }
}

function iteratorOf(source: AsyncIterable<unknown> | Iterable<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** Cancels the stream when no more is wanted; otherwise a `fetch` would keep its connection open. */
function webIterator(source: ReadableStream<Uint8Array | string>): AsyncIterator<unknown> {
  const reader = source.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function drained(to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      to.off("drain", done).off("close", done);
      resolve();
    };
    if (to.destroyed) resolve();
    else to.on("drain", done).on("close", done);
  });
}

function isPiece(value: unknown): value is Uint8Array | string {
  return typeof value === "string" || value instanceof Uint8Array;
}

function notBytes(value: unknown): TypeError {
  return new TypeError(`it gave ${shown(value)} where text or bytes are wanted`);
}

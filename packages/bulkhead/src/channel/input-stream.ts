import { Writable } from "node:stream";
import { MAX_DATA_BYTES } from "./protocol.js";
import type { ChannelStream } from "./stream.js";

/**
 * Input of an operation, as a Node stream with backpressure from inside. If the operation completes first, the stream
 * is destroyed without an error: a program need not read its input.
 */
export class InputStream extends Writable {
  readonly #stream: ChannelStream;
  readonly #broken: (cause: Error) => void;

  /** `broken` is called if the writer destroys the stream with an error: the input is then incomplete. */
  constructor(stream: ChannelStream, broken: (cause: Error) => void = () => undefined) {
    super({ highWaterMark: MAX_DATA_BYTES });
    this.#stream = stream;
    this.#broken = broken;
    // The operation reports the error; without a listener it would end the process.
    this.on("error", () => undefined);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // In a later tick: otherwise `callback` would recurse once for each chunk of a long queue.
    this.#stream.write(chunk, () => process.nextTick(callback));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#stream.end();
    callback();
  }

  /** A stream closed without an error counts as ended, like a pipe: the program reads its end. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (error !== null && this.#stream.open) this.#broken(error);
    else this.#stream.end();
    callback(error);
  }
}

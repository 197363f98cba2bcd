import { Writable } from "node:stream";
import { MAX_DATA_BYTES } from "./protocol.js";
import type { ChannelStream } from "./stream.js";

/**
 * What flows into an operation, as a Node stream that takes no more than the inside has asked for. When the operation is
 * over before it was ended, it is destroyed without an error: a program need not read its input.
 */
export class InputStream extends Writable {
  readonly #stream: ChannelStream;
  readonly #broken: (cause: Error) => void;

  /** `broken` is told when its writer destroys it with an error: then what was written is not all that there is. */
  constructor(stream: ChannelStream, broken: (cause: Error) => void = () => undefined) {
    super({ highWaterMark: MAX_DATA_BYTES });
    this.#stream = stream;
    this.#broken = broken;
    // Told by the operation that it belongs to; unheard, it would end the process.
    this.on("error", () => undefined);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // A later tick: `callback` would otherwise recurse once for each chunk of a long queue.
    this.#stream.write(chunk, () => process.nextTick(callback));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#stream.end();
    callback();
  }

  /** Closed without an error is closed, as of a pipe: the program reads its end. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (error !== null && this.#stream.open) this.#broken(error);
    else this.#stream.end();
    callback(error);
  }
}

import { Writable } from "node:stream";
import { MAX_DATA_BYTES } from "./protocol.js";
import type { ChannelStream } from "./stream.js";

/**
 * What flows into an operation, as a Node stream that takes no more than the inside has asked for. When the operation is
 * over before it was ended, it is destroyed without an error: a program need not read its input.
 */
export class InputStream extends Writable {
  readonly #stream: ChannelStream;

  constructor(stream: ChannelStream) {
    super({ highWaterMark: MAX_DATA_BYTES });
    this.#stream = stream;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // A later tick: `callback` would otherwise recurse once for each chunk of a long queue.
    this.#stream.write(chunk, () => process.nextTick(callback));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#stream.end();
    callback();
  }
}

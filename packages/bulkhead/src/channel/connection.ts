import { Duplex } from "node:stream";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import { ByteQueue } from "./byte-queue.js";
import type { JsonObject } from "./json.js";
import { FD_OUT, MAX_DATA_BYTES, type OutFd } from "./protocol.js";
import type { ChannelStream, StreamHandler } from "./stream.js";
import { violation } from "./violation.js";

/**
 * A TCP connection inside, as a Node stream: reads come from inside, writes go there. Each half ends separately. It
 * applies backpressure like {@link OutputStream}; destroying it ends the connection inside.
 */
export class Connection extends Duplex implements StreamHandler {
  readonly #stream: ChannelStream;
  readonly #queue = new ByteQueue();
  #wanted = false;
  #done = false;
  /** The other end is gone while we may have more to send. */
  #deaf = false;
  /** The other end reset the connection instead of ending its half. */
  #reset = false;
  #accept: (() => void) | undefined;
  #handing: { readonly resolve: (rest: Buffer) => void; readonly reject: (error: Error) => void } | undefined;

  /** `open` gets the handler for incoming data, and returns the stream. `accepted` is called once it is connected. */
  constructor(open: (handler: StreamHandler) => ChannelStream, accepted?: () => void) {
    // One chunk at a time, because the queue holds the rest.
    super({ allowHalfOpen: true, readableHighWaterMark: 1, writableHighWaterMark: 4 * MAX_DATA_BYTES });
    // Both directions are piped, perhaps through others, and each pipe adds listeners.
    this.setMaxListeners(32);
    this.#accept = accepted;
    this.#stream = open(this);
  }

  // Node's HTTP server calls these on its sockets.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  accepted(): void {
    this.#accept?.();
    this.#accept = undefined;
  }

  /** @throws BulkheadError PROTOCOL_VIOLATION for data on stderr, which no connection has. */
  data(fd: OutFd, chunk: Buffer): void {
    if (fd !== FD_OUT) {
      throw violation("fd");
    }
    if (this.destroyed) {
      this.#stream.consumed(FD_OUT, chunk.length);
      return;
    }
    this.#queue.push(chunk);
    this.#give();
  }

  ended(): void {
    this.#done = true;
    this.#give();
  }

  /**
   * Both halves have ended, or the other end is gone: data sent before is still read. Without an end of its half it is
   * a reset.
   */
  result(value: JsonObject): void {
    if (this.#handing !== undefined) {
      this.#handed(this.#handing, value);
      return;
    }
    this.#reset = !this.#done;
    this.#done = true;
    this.#deaf = !this.writableEnded;
    this.#give();
  }

  failed(error: BulkheadError): void {
    this.#handing?.reject(error);
    this.destroy(error);
  }

  /**
   * Has init pass its socket to the service's bridge, under this number. Resolves with the data that init had read
   * before; this stream is then over. Nothing may have been written to it. Rejects as the connection fails.
   */
  handOver(token: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (!this.#stream.open || this.destroyed) {
        reject(wasReset());
        return;
      }
      this.#handing = { resolve, reject };
      this.once("close", () => reject(wasReset()));
      this.#stream.control({ op: "hand", token });
    });
  }

  #handed({ resolve, reject }: { resolve(rest: Buffer): void; reject(error: Error): void }, value: JsonObject): void {
    const rest: Buffer[] = [];
    for (let chunk = this.read(); chunk !== null; chunk = this.read()) rest.push(chunk);
    if (value["handed"] === true) resolve(Buffer.concat(rest));
    else reject(wasReset());
    this.destroy();
  }

  override _read(): void {
    this.#wanted = true;
    this.#give();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#deaf || this.#reset) {
      callback(wasReset());
      return;
    }
    // In a later tick: otherwise `callback` would recurse once for each chunk of a long queue.
    this.#stream.write(chunk, () => process.nextTick(callback), true);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#stream.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#queue.clear();
    // A stream that ended in order is not cancelled: init may still hold the last write.
    if (error !== null || !this.#done || !this.writableFinished) {
      this.#stream.cancel();
    }
    callback(error);
  }

  #give(): void {
    if (!this.#wanted) {
      return;
    }
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#wanted = false;
      this.#stream.consumed(FD_OUT, chunk.length);
      this.push(chunk);
    } else if (this.#reset) {
      this.destroy(wasReset());
    } else if (this.#done) {
      this.#wanted = false;
      this.push(null);
      if (this.#deaf) {
        setImmediate(() => this.destroy());
      }
    }
  }
}

function wasReset(): Error {
  return Object.assign(new Error("the connection inside was reset"), { code: "ECONNRESET" });
}

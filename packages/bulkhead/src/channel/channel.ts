import type { Duplex } from "node:stream";
import type { Request } from "../contract/generated/channel-requests.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { FrameDecoder } from "./decoder.js";
import { helloFrame, jsonFrame } from "./frames.js";
import { readConnection, readHello } from "./messages.js";
import { Kind, MAX_OPEN_STREAMS, MAX_STREAM } from "./protocol.js";
import { ChannelStream, type FrameSink, type StreamHandler } from "./stream.js";
import { violation } from "./violation.js";

/**
 * Called once when no more will come: with the violation if init broke the protocol, with nothing if the stream just
 * ended. The channel's owner knows or finds out the reason, and then calls {@link Channel.close}.
 */
export type ChannelEnd = (error: BulkheadError | undefined) => void;

/** The host's end of the byte stream to one init. See `docs/channel.md`. */
export class Channel implements FrameSink {
  readonly #transport: Duplex;
  readonly #onEnd: ChannelEnd;
  readonly #streams = new Map<number, ChannelStream>();
  #next = 1;
  /** The last stream that init opened, and how many of those are open. */
  #lastOfInit = 0;
  #openOfInit = 0;
  #greeted = false;
  #corked = false;
  #ended = false;
  #closed: (() => BulkheadError) | undefined;
  /** Frames held back during the silence of a checkpoint. */
  #held: HeldFrame[] | undefined;

  /** Sends `hello` at once. Streams opened in the same tick leave in the same write. */
  constructor(transport: Duplex, onEnd: ChannelEnd) {
    this.#transport = transport;
    this.#onEnd = onEnd;
    const decoder = new FrameDecoder("init", (kind, stream, payload) => this.#receive(kind, stream, payload));
    transport.on("data", (chunk: Buffer) => this.#push(decoder, chunk));
    transport.on("drain", () => this.#pumpAll());
    transport.on("error", () => this.#end(undefined));
    transport.on("end", () => this.#end(decoder.idle ? undefined : violation("cut-short")));
    transport.on("close", () => this.#end(undefined));
    this.send(helloFrame);
  }

  get ready(): boolean {
    return this.#held === undefined && !this.#transport.writableNeedDrain;
  }

  /**
   * Opens a stream with this request.
   * @throws BulkheadError the one that closed the channel; TOO_MANY_OPERATIONS; ARGUMENT_INVALID if the request is too
   * long
   */
  open(request: Request, handler: StreamHandler): ChannelStream {
    if (this.#closed !== undefined) {
      throw this.#closed();
    }
    if (this.#streams.size - this.#openOfInit >= MAX_OPEN_STREAMS || this.#next > MAX_STREAM) {
      throw new BulkheadError("TOO_MANY_OPERATIONS", { operation: "open" });
    }
    const number = this.#next;
    const frame = requestFrame(number, request);
    this.#next += 2;
    const stream = new ChannelStream(number, this, handler);
    this.#streams.set(number, stream);
    this.send(frame);
    return stream;
  }

  /**
   * Makes init fall silent, for a snapshot of its machine, and falls silent itself: later writes wait. Resolves when no
   * byte is in flight, with a function that ends the silence.
   *
   * Throws the error that ends the channel, and REQUEST_INVALID if init does not support it.
   */
  checkpoint(): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const stream = this.open(
        { op: "checkpoint" },
        {
          accepted: () =>
            resolve(() => {
              this.#release(() => stream.control({ op: "continue" }));
            }),
          data: () => undefined,
          result: () => undefined,
          failed: (error) => {
            this.#release(() => undefined);
            reject(error);
          },
        },
      );
      this.#held ??= [];
    });
  }

  /**
   * Closes the channel: every open and later operation fails with the error that `why` creates; only the first close
   * counts. The owner must destroy the transport.
   */
  close(why: () => BulkheadError): void {
    if (this.#closed !== undefined) {
      return;
    }
    this.#closed = why;
    this.#ended = true;
    this.#release(() => undefined);
    if (this.#streams.size === 0) {
      // Most channels end with no operation open, and an error with its stack is not free.
      return;
    }
    const error = why();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) {
      stream.fail(error);
    }
  }

  /** Frames of one tick leave in one write. */
  send(frame: Buffer, flushed?: () => void): void {
    if (this.#ended) {
      flushed?.();
      return;
    }
    if (this.#held !== undefined) {
      this.#held.push({ frame, flushed });
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      this.#transport.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#transport.uncork();
      });
    }
    this.#transport.write(frame, flushed);
  }

  #push(decoder: FrameDecoder, chunk: Buffer): void {
    if (this.#ended) {
      return;
    }
    try {
      decoder.push(chunk);
    } catch (error) {
      this.#end(error instanceof BulkheadError ? error : violation("message"));
    }
  }

  #receive(kind: number, number: number, payload: Buffer): void {
    if (this.#ended) {
      return;
    }
    if (!this.#greeted || kind === Kind.hello) {
      this.#receiveHello(kind, payload);
      return;
    }
    if (kind === Kind.request) {
      this.#receiveConnection(number, readConnection(payload));
      return;
    }
    const stream = this.#streams.get(number);
    if (stream === undefined) {
      this.#checkClosed(number);
      return;
    }
    stream.receive(kind, payload);
    if (!stream.open) {
      this.#streams.delete(number);
      this.#openOfInit -= isOfInit(number) ? 1 : 0;
    }
  }

  /** Init has accepted a connection for one of our listeners. */
  #receiveConnection(number: number, listen: number): void {
    if (!isOfInit(number) || number <= this.#lastOfInit) {
      throw violation("stream-order");
    }
    this.#lastOfInit = number;
    if (isOfInit(listen) || listen >= this.#next || this.#openOfInit >= MAX_OPEN_STREAMS) {
      throw violation("stream-unknown");
    }
    this.#openOfInit += 1;
    let taken: ChannelStream | undefined;
    const take = (handler: StreamHandler): ChannelStream => {
      taken = new ChannelStream(number, this, handler);
      this.#streams.set(number, taken);
      return taken;
    };
    // Without a listener, the connection crossed with the listener's end.
    this.#streams.get(listen)?.connection(take);
    if (taken === undefined) {
      take(unwanted).cancel();
    }
  }

  #receiveHello(kind: number, payload: Buffer): void {
    if (this.#greeted || kind !== Kind.hello) {
      throw violation("hello");
    }
    readHello(payload);
    this.#greeted = true;
  }

  /** A frame may have crossed with the end of its stream; one for a stream that never existed is a violation. */
  #checkClosed(number: number): void {
    if (isOfInit(number) ? number > this.#lastOfInit : number >= this.#next) {
      throw violation("stream-unknown");
    }
  }

  /** Sends the held frames, after those that `first` sends. */
  #release(first: () => void): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    first();
    for (const { frame, flushed } of held) this.send(frame, flushed);
    this.#pumpAll();
  }

  #pumpAll(): void {
    for (const stream of this.#streams.values()) {
      stream.pump();
    }
  }

  #end(error: BulkheadError | undefined): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#onEnd(error);
  }
}

/** A frame that waits for the end of the silence. */
interface HeldFrame {
  readonly frame: Buffer;
  readonly flushed: (() => void) | undefined;
}

/** For a connection that is ended at once. Without credit it can send little. */
const unwanted: StreamHandler = { data: () => undefined, result: () => undefined, failed: () => undefined };

/** Streams opened by the host have odd numbers. */
function isOfInit(number: number): boolean {
  return number % 2 === 0;
}

function requestFrame(number: number, request: object): Buffer {
  try {
    return jsonFrame(Kind.request, number, request);
  } catch (cause) {
    const detail = "argv and env, or the path, are longer than 1 MiB together";
    throw new BulkheadError("ARGUMENT_INVALID", { operation: "request", detail, cause });
  }
}

import type { Control } from "../contract/generated/channel-requests.js";
import type { BulkheadError } from "../errors/bulkhead-error.js";
import { cancelFrame, creditFrame, dataHeader, endFrame, jsonFrame } from "./frames.js";
import type { JsonObject } from "./json.js";
import { readAccept, readResult } from "./messages.js";
import { FD_ERR, FD_IN, FD_OUT, Kind, MAX_DATA_BYTES, type OutFd } from "./protocol.js";
import { violation } from "./violation.js";
import { ReceiveWindow, SendWindow } from "./window.js";

/** Receives an operation's messages, in the order of the channel; none follow `result` or `failed`. */
export interface StreamHandler {
  /** The operation runs; for an exec, with its process id inside. Init's claim. */
  accepted?(pid: number | undefined): void;
  /** At most one window of data, until {@link ChannelStream.consumed} is called. Copy it or queue it in a ByteQueue. */
  data(fd: OutFd, chunk: Buffer): void;
  /** No more data on `fd`. */
  ended?(fd: OutFd): void;
  /**
   * For a `listen`: a program inside has connected. `take` returns the stream that carries it; a connection that is not
   * taken is ended.
   */
  connection?(take: (handler: StreamHandler) => ChannelStream): void;
  /** The operation is over, with this value: init's claim, of any shape. */
  result(value: JsonObject): void;
  /** The operation is over: init refused or failed it, or the channel was lost. */
  failed(error: BulkheadError): void;
}

/** Destination of a stream's frames. */
export interface FrameSink {
  /** Sends a frame, and calls `flushed` when the transport has taken it or never will. */
  send(frame: Buffer, flushed?: () => void): void;
  /** False while the transport has more than enough queued; {@link ChannelStream.pump} is called when that ends. */
  readonly ready: boolean;
}

/** Data that a writer has passed and that is not sent yet. */
interface Waiting {
  bytes: Uint8Array;
  readonly done: () => void;
  /** The bytes do not change any more, so the writer need not wait until the transport has taken them. */
  readonly given: boolean;
}

/** One open operation. */
export class ChannelStream {
  readonly #number: number;
  readonly #sink: FrameSink;
  readonly #handler: StreamHandler;
  readonly #sendWindow = new SendWindow();
  readonly #out = new ReceiveWindow();
  readonly #err = new ReceiveWindow();
  #accepted = false;
  #open = true;
  #waiting: Waiting | undefined;
  #endWanted = false;

  constructor(number: number, sink: FrameSink, handler: StreamHandler) {
    this.#number = number;
    this.#sink = sink;
    this.#handler = handler;
  }

  /** False once it has a result or failed: sending then does nothing. */
  get open(): boolean {
    return this.#open;
  }

  /**
   * Sends `bytes` on fd 0 as credit allows, and calls `done` when they are on their way or can go nowhere. One write at
   * a time. The stream may keep `given` bytes; the caller may reuse others after `done`.
   */
  write(bytes: Uint8Array, done: () => void, given = false): void {
    if (bytes.length === 0) {
      done();
      return;
    }
    this.#waiting = { bytes, done, given };
    this.pump();
  }

  /** Ends fd 0 after the data written so far. */
  end(): void {
    this.#endWanted = true;
    this.pump();
  }

  /** The reader of `fd` has consumed this many bytes. */
  consumed(fd: OutFd, bytes: number): void {
    const grant = this.#windowOf(fd).consume(bytes);
    if (grant > 0 && this.#open) {
      this.#sink.send(creditFrame(this.#number, fd, grant));
    }
  }

  /** Sends a `control`: a signal, or a new size of the terminal. */
  control(message: Control): void {
    if (this.#open) {
      this.#sink.send(jsonFrame(Kind.control, this.#number, message));
    }
  }

  /** Asks init to end the operation now; the result still follows. */
  cancel(): void {
    if (this.#open) {
      this.#sink.send(cancelFrame(this.#number));
    }
  }

  /** Sends queued data, as far as credit and transport allow. */
  pump(): void {
    const waiting = this.#waiting;
    while (
      waiting !== undefined &&
      this.#open &&
      waiting.bytes.length > 0 &&
      this.#sendWindow.bytes > 0 &&
      this.#sink.ready
    ) {
      this.#sendPart(waiting);
    }
    if (waiting !== undefined && !this.#open) {
      this.#written();
    } else if (waiting === undefined && this.#endWanted && this.#open) {
      this.#endWanted = false;
      this.#sink.send(endFrame(this.#number, FD_IN));
    }
  }

  #sendPart(waiting: Waiting): void {
    const { bytes } = waiting;
    const length = Math.min(bytes.length, MAX_DATA_BYTES, this.#sendWindow.bytes);
    const last = length === bytes.length;
    waiting.bytes = bytes.subarray(length);
    this.#sendWindow.spend(length);
    this.#sink.send(dataHeader(this.#number, FD_IN, length));
    // Not copied: the writer may reuse its buffer only after the transport has taken the last part.
    const part = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    this.#sink.send(part, last && !waiting.given ? () => this.#written(waiting) : undefined);
    if (last && waiting.given) this.#written(waiting);
  }

  /** Lets the writer continue. */
  #written(waiting: Waiting | undefined = this.#waiting): void {
    if (waiting !== undefined && waiting === this.#waiting) {
      this.#waiting = undefined;
      waiting.done();
      this.pump();
    }
  }

  /** Handles an incoming frame. @throws BulkheadError PROTOCOL_VIOLATION */
  receive(kind: number, payload: Buffer): void {
    switch (kind) {
      case Kind.data:
        this.#receiveData(outFd(payload), payload.subarray(1));
        return;
      case Kind.end:
        this.#windowOf(outFd(payload)).close();
        this.#handler.ended?.(outFd(payload));
        return;
      case Kind.credit:
        this.#sendWindow.add(payload.readUInt32BE(1));
        this.pump();
        return;
      case Kind.accept:
        this.#receiveAccept(payload);
        return;
      default:
        this.#receiveResult(payload);
    }
  }

  /** A program inside has connected to this listener. */
  connection(take: (handler: StreamHandler) => ChannelStream): void {
    this.#handler.connection?.(take);
  }

  /** The channel is gone. */
  fail(error: BulkheadError): void {
    this.#close();
    this.#handler.failed(error);
  }

  #receiveData(fd: OutFd, chunk: Buffer): void {
    this.#windowOf(fd).receive(chunk.length);
    this.#handler.data(fd, chunk);
  }

  #receiveAccept(payload: Buffer): void {
    const pid = readAccept(payload);
    if (this.#accepted) {
      throw violation("accept-twice");
    }
    this.#accepted = true;
    this.#handler.accepted?.(pid);
  }

  #receiveResult(payload: Buffer): void {
    const outcome = readResult(payload);
    this.#close();
    if ("error" in outcome) {
      this.#handler.failed(outcome.error);
    } else {
      this.#handler.result(outcome.value);
    }
  }

  /** Releases a writer that waits for credit which will never come. */
  #close(): void {
    this.#open = false;
    this.pump();
  }

  #windowOf(fd: OutFd): ReceiveWindow {
    return fd === FD_OUT ? this.#out : this.#err;
  }
}

/** The decoder has already refused all but these two. */
function outFd(payload: Buffer): OutFd {
  return payload[0] === FD_OUT ? FD_OUT : FD_ERR;
}

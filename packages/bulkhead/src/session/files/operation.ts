import type { JsonObject } from "../../channel/json.js";
import { OutputStream } from "../../channel/output-stream.js";
import { FD_OUT, type OutFd } from "../../channel/protocol.js";
import type { ChannelStream, StreamHandler } from "../../channel/stream.js";
import { violation } from "../../channel/violation.js";
import type { FileRequest } from "../../contract/generated/channel-requests.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { deferred } from "../../values/deferred.js";
import type { Live } from "../live.js";

/** One file operation on the channel; it starts when its turn comes. */
export class FileOperation implements StreamHandler {
  /** The operation's output. Unread, it blocks only this operation. */
  readonly output: OutputStream;
  readonly #live: Live;
  #stream: ChannelStream | undefined;
  /** Calls that wait for the operation's turn. */
  #postponed: ((stream: ChannelStream) => void)[] = [];
  readonly #value = deferred<JsonObject>();
  /** Ends the operation's turn. */
  #release: (() => void) | undefined;
  /** Leaves the queue. */
  readonly #leave: (() => void) | undefined;
  #over = false;

  /** The operation fails with whatever `Channel.open` throws. */
  constructor(live: Live, request: FileRequest) {
    this.#live = live;
    live.hold();
    this.output = new OutputStream((bytes) => this.#stream?.consumed(FD_OUT, bytes));
    this.output.on("error", () => undefined);
    this.#leave = live.slots.enter(
      "file",
      (release) => this.#begin(request, release),
      (error) => this.failed(error),
    );
    this.output.once("close", () => this.cancel());
  }

  get value(): Promise<JsonObject> {
    return this.#value.promise;
  }

  /** As {@link ChannelStream.write}. */
  write(bytes: Uint8Array, done: () => void): void {
    if (this.#over) done();
    else this.#use((stream) => stream.write(bytes, done));
  }

  end(): void {
    this.#use((stream) => stream.end());
  }

  /** Cancels the operation; one that has not started never does. */
  cancel(): void {
    if (this.#stream !== undefined) this.#stream.cancel();
    else this.failed(new BulkheadError("ABORTED", { operation: "file operation" }));
  }

  data(fd: OutFd, chunk: Buffer): void {
    if (fd !== FD_OUT) {
      throw violation("fd");
    }
    this.output.feed(chunk);
  }

  result(value: JsonObject): void {
    this.#finish();
    this.output.finish();
    this.#value.resolve(value);
  }

  failed(error: BulkheadError): void {
    if (this.#over) return;
    this.#finish();
    this.output.destroy(error);
    this.#value.reject(error);
  }

  #begin(request: FileRequest, release: () => void): void {
    this.#release = release;
    try {
      const stream = this.#live.channel.open(request, this);
      this.#stream = stream;
      for (const act of this.#postponed) act(stream);
      this.#postponed = [];
    } catch (error) {
      this.failed(error instanceof BulkheadError ? error : new BulkheadError("FILE_FAILED", { cause: error }));
    }
  }

  #use(act: (stream: ChannelStream) => void): void {
    if (this.#stream === undefined) this.#postponed.push(act);
    else act(this.#stream);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leave?.();
    this.#release?.();
    this.#live.letGo();
  }
}

/** Runs an operation without data and returns its value. */
export async function operate(live: Live, request: FileRequest): Promise<JsonObject> {
  return await new FileOperation(live, request).value;
}

import type { JsonObject } from "../../channel/json.js";
import { OutputStream } from "../../channel/output-stream.js";
import { FD_OUT, type OutFd } from "../../channel/protocol.js";
import type { ChannelStream, StreamHandler } from "../../channel/stream.js";
import { violation } from "../../channel/violation.js";
import type { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../live.js";

/** A request of the files API. `path` is as seen inside, where the kernel resolves it. */
export type FileRequest = { readonly op: string } & Readonly<Record<string, unknown>>;

/** One file operation on the channel. */
export class FileOperation implements StreamHandler {
  readonly stream: ChannelStream;
  readonly value: Promise<JsonObject>;
  /** What comes out of it. Unread, it holds back nothing but this operation. */
  readonly output: OutputStream;
  #resolve: (value: JsonObject) => void = () => undefined;
  #reject: (error: BulkheadError) => void = () => undefined;

  /** @throws BulkheadError as `Channel.open` */
  constructor(live: Live, request: FileRequest) {
    this.value = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.value.catch(() => undefined);
    this.output = new OutputStream((bytes) => this.stream.consumed(FD_OUT, bytes));
    this.output.on("error", () => undefined);
    this.stream = live.channel.open(request, this);
    this.output.once("close", () => this.stream.cancel());
  }

  data(fd: OutFd, chunk: Buffer): void {
    if (fd !== FD_OUT) {
      throw violation("fd");
    }
    this.output.feed(chunk);
  }

  result(value: JsonObject): void {
    this.output.finish();
    this.#resolve(value);
  }

  failed(error: BulkheadError): void {
    this.output.destroy(error);
    this.#reject(error);
  }
}

/** An operation without data: gives its value. */
export async function operate(live: Live, request: FileRequest): Promise<JsonObject> {
  return await new FileOperation(live, request).value;
}

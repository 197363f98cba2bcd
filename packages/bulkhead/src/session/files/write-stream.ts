import { Writable } from "node:stream";
import { MAX_DATA_BYTES } from "../../channel/protocol.js";
import type { FileOperation } from "./operation.js";

/** A file's new content as a Node stream. It finishes when the sandbox has written everything. */
export class FileWriteStream extends Writable {
  readonly #operation: FileOperation;

  constructor(operation: FileOperation) {
    super({ highWaterMark: MAX_DATA_BYTES });
    this.#operation = operation;
    operation.value.catch((error: Error) => this.destroy(error));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#operation.write(chunk, () => process.nextTick(callback));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#operation.end();
    this.#operation.value.then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#operation.cancel();
    callback(error);
  }
}

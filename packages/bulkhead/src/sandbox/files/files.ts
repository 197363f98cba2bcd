import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Live } from "../live.js";
import { type DirectoryEntry, type FileEvent, type FileInfo, readEntry, readEvent, readFileInfo } from "./entries.js";
import { LineDecoder } from "./lines.js";
import { FileOperation, operate } from "./operation.js";
import { FileWriteStream } from "./write-stream.js";

const MIB = 1024 * 1024;
/** What `read` and `list` keep in memory at most, unless told otherwise. */
const DEFAULT_READ_BYTES = 64 * MIB;
const LONGEST_LIST_BYTES = 32 * MIB;

export interface ReadStreamOptions {
  /** Bytes to skip. */
  readonly offset?: number;
  /** Bytes to read at most. */
  readonly length?: number;
}

export interface ReadOptions extends ReadStreamOptions {
  /** More than this is refused with FILE_TOO_LARGE. Default: 64 MiB. */
  readonly maxBytes?: number;
}

export interface WriteOptions {
  /** Permission bits of a new file. Default: 0o644. */
  readonly mode?: number;
  /** Adds to what is there, instead of replacing it. */
  readonly append?: boolean;
  /** Fails with FILE_EXISTS when it is there already. */
  readonly exclusive?: boolean;
}

/**
 * Files of a sandbox, used with the rights of its user: the kernel resolves each path inside the wall, so a symbolic
 * link planted there leads nowhere else. All that comes back is hostile input. Paths are absolute. Every method throws
 * FILE_NOT_FOUND, FILE_DENIED and the other FILE_* errors, SANDBOX_CLOSED and SANDBOX_LOST.
 */
export class Files {
  readonly #live: Live;

  /** @internal Use `sandbox.files`. */
  constructor(live: Live) {
    this.#live = live;
  }

  /** A file's content. */
  async read(path: string, { maxBytes = DEFAULT_READ_BYTES, ...part }: ReadOptions = {}): Promise<Buffer> {
    const operation = new FileOperation(this.#live, { op: "read", path, ...part });
    const content = await collect(operation.output, maxBytes, path);
    await operation.value;
    return content;
  }

  /** A file's content as text. What is not UTF-8 is replaced. */
  async readText(path: string, options?: ReadOptions): Promise<string> {
    return (await this.read(path, options)).toString();
  }

  /** A file's content, of any size. Errors are the stream's. */
  readStream(path: string, options: ReadStreamOptions = {}): Readable {
    return new FileOperation(this.#live, { op: "read", path, ...options }).output;
  }

  /** Makes a file, or replaces its content. */
  async write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void> {
    const stream = this.writeStream(path, options);
    await pipeline([typeof content === "string" ? Buffer.from(content) : content], stream);
  }

  /** Writes a file of any size; it has `finish`ed when all of it is written inside. */
  writeStream(path: string, options: WriteOptions = {}): Writable {
    return new FileWriteStream(new FileOperation(this.#live, { op: "write", path, ...options }));
  }

  /** What is in a directory, without `.` and `..`, in no particular order. */
  async list(path: string): Promise<DirectoryEntry[]> {
    const entries: DirectoryEntry[] = [];
    for await (const entry of this.entries(path)) entries.push(entry);
    return entries;
  }

  /** @internal As `list`, without keeping them. */
  async *entries(path: string): AsyncGenerator<DirectoryEntry, void, void> {
    const operation = new FileOperation(this.#live, { op: "list", path });
    const lines = new LineDecoder();
    let bytes = 0;
    for await (const chunk of operation.output as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > LONGEST_LIST_BYTES) {
        throw tooLarge("list", path, LONGEST_LIST_BYTES);
      }
      for (const line of this.#checked(() => lines.push(chunk))) {
        yield this.#checked(() => readEntry(line));
      }
    }
    await operation.value;
  }

  /** What a path refers to; with `follow: false`, of a symbolic link itself. */
  async stat(path: string, { follow = true }: { readonly follow?: boolean } = {}): Promise<FileInfo> {
    const value = await operate(this.#live, { op: "stat", path, follow });
    return this.#checked(() => readFileInfo(value));
  }

  /** Makes a directory; with `recursive` also those above it, and it may be there already. */
  async mkdir(path: string, options: { readonly recursive?: boolean; readonly mode?: number } = {}): Promise<void> {
    await operate(this.#live, { op: "mkdir", path, ...options });
  }

  /** Removes a file, an empty directory, or with `recursive` a directory with all that is in it. */
  async remove(path: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    await operate(this.#live, { op: "remove", path, ...options });
  }

  /** Moves a file or directory within one file system of the sandbox. */
  async rename(from: string, to: string): Promise<void> {
    await operate(this.#live, { op: "rename", from, to });
  }

  /** What happens in a directory or to a file, until the loop is left or `signal` is aborted. */
  async *watch(
    path: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<FileEvent, void, void> {
    const operation = new FileOperation(this.#live, { op: "watch", path });
    const stop = () => operation.output.destroy();
    signal?.addEventListener("abort", stop, { once: true });
    const lines = new LineDecoder();
    try {
      if (signal?.aborted === true) {
        return;
      }
      for await (const chunk of operation.output as AsyncIterable<Buffer>) {
        for (const line of this.#checked(() => lines.push(chunk))) {
          yield this.#checked(() => readEvent(line));
        }
      }
    } catch (error) {
      if (signal?.aborted !== true) {
        throw error;
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      stop();
    }
  }

  /** An inside that says what init never says is hostile: what goes for the channel goes for what is read from its data. */
  #checked<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      if (error instanceof BulkheadError) {
        this.#live.kill(error);
      }
      throw error;
    }
  }
}

async function collect(output: Readable, maxBytes: number, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of output as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw tooLarge("read", path, maxBytes);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function tooLarge(operation: string, path: string, bytes: number): BulkheadError {
  return new BulkheadError("FILE_TOO_LARGE", { operation, path, detail: `more than ${bytes} bytes` });
}

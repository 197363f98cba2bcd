import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { streamFailed } from "../../arguments/callbacks.js";
import { argumentInvalid, requireArguments } from "../../arguments/require.js";
import { hostPath, insidePath, text } from "../../arguments/values.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Copied, CopyBounds } from "../copy/result.js";
import { type ByteSource, readerOf } from "../ends/source.js";
import type { Live } from "../live.js";
import { type DirectoryEntry, type FileEvent, type FileInfo, readEntry, readEvent, readFileInfo } from "./entries.js";
import { type Glob, goesOn, isMatch, parseGlob, type States, startOf, step } from "./glob.js";
import { LineDecoder } from "./lines.js";
import { FileOperation, operate } from "./operation.js";
import {
  type CopyOptions,
  copyOptions,
  type FileContent,
  fileContent,
  type GlobOptions,
  globOptions,
  type ListOptions,
  listOptions,
  type MakeDirectoryOptions,
  makeDirectoryOptions,
  type ReadOptions,
  type ReadStreamOptions,
  type RemoveOptions,
  readOptions,
  readStreamOptions,
  removeOptions,
  type StatOptions,
  statOptions,
  type WatchOptions,
  type WriteOptions,
  watchOptions,
  writeOptions,
} from "./options.js";
import { below, TREE_BOUNDS, type TreeEntry, walk } from "./walk.js";
import { FileWriteStream } from "./write-stream.js";

const MIB = 1024 * 1024;
/** Default maximum that `read` and `list` keep in memory. */
const DEFAULT_READ_BYTES = 64 * MIB;
const LONGEST_LIST_BYTES = 32 * MIB;
const DEFAULT_COPY_BYTES = 1024 * MIB;

/** Creates a sandbox's files API. Functions and not methods: programs that use the library have `sandbox.files`. */
export let filesOf: (live: Live) => Files;

/** Init's listing of a directory, as unparsed bytes. */
export let listingOf: (files: Files, path: string) => AsyncGenerator<Buffer, void, void>;

/**
 * File operations in a sandbox, with the permissions of its user. The kernel resolves each path inside the wall, so a
 * planted symbolic link leads nowhere else. Everything returned is hostile input. Paths are absolute. Every method
 * throws FILE_NOT_FOUND, FILE_DENIED and the other FILE_* errors, SANDBOX_CLOSED and SANDBOX_LOST.
 */
export class Files {
  readonly #live: Live;

  private constructor(live: Live) {
    this.#live = live;
  }

  static {
    filesOf = (live) => new Files(live);
    listingOf = (files, path) => files.#listing(path);
  }

  /** Reads a file. */
  async read(path: string, options: ReadOptions = {}): Promise<Buffer> {
    requireArguments("files.read", ["path", insidePath, path], ["options", readOptions, options]);
    const { maxBytes = DEFAULT_READ_BYTES, ...part } = options;
    const operation = new FileOperation(this.#live, { op: "read", path, ...part });
    const content = await collect(operation.output, maxBytes, path);
    await operation.value;
    return content;
  }

  /** Reads a file as UTF-8 text, replacing invalid bytes. */
  async readText(path: string, options?: ReadOptions): Promise<string> {
    return (await this.read(path, options)).toString();
  }

  /** Reads a file of any size as a stream. Errors arrive on the stream. */
  readStream(path: string, options: ReadStreamOptions = {}): Readable {
    requireArguments("files.readStream", ["path", insidePath, path], ["options", readStreamOptions, options]);
    return new FileOperation(this.#live, { op: "read", path, ...options }).output;
  }

  /**
   * Creates a file or replaces its content with text, bytes, or the output of a stream or iterator. If the stream
   * fails, the promise rejects with STREAM_FAILED, and the file keeps what was written before.
   */
  async write(path: string, content: FileContent, options: WriteOptions = {}): Promise<void> {
    requireArguments(
      "files.write",
      ["path", insidePath, path],
      ["content", fileContent, content],
      ["options", writeOptions, options],
    );
    const stream = this.writeStream(path, options);
    if (typeof content === "string") await pipeline([Buffer.from(content)], stream);
    else if (content instanceof Uint8Array) await pipeline([content], stream);
    else await writeFrom(content, stream);
  }

  /** Writes a file of any size; `finish` means that everything is written inside. */
  writeStream(path: string, options: WriteOptions = {}): Writable {
    requireArguments("files.writeStream", ["path", insidePath, path], ["options", writeOptions, options]);
    return new FileWriteStream(new FileOperation(this.#live, { op: "write", path, ...options }));
  }

  /**
   * Lists a directory, without `.` and `..`, in no particular order; with `recursive`, also the directories below it,
   * each entry with its `path`. Follows no symbolic links.
   * @throws BulkheadError FILE_TOO_LARGE above `maxEntries`, or above 64 nested directories
   */
  async list(path: string, options: ListOptions = {}): Promise<TreeEntry[]> {
    requireArguments("files.list", ["path", insidePath, path], ["options", listOptions, options]);
    const { recursive = false, maxEntries = TREE_BOUNDS.entries } = options;
    const entries: TreeEntry[] = [];
    if (recursive) {
      const bounds = { ...TREE_BOUNDS, entries: maxEntries };
      for await (const entry of walk((at) => this.#entries(at), path, { bounds })) entries.push(entry);
      return entries;
    }
    for await (const entry of this.#entries(path)) {
      if (entries.length >= maxEntries) throw tooMany("list", path, maxEntries);
      entries.push({ ...entry, path: entry.name });
    }
    return entries;
  }

  /**
   * Returns the absolute paths that match a pattern, sorted: `*` and `?` within a name, `[a-z]`, `**` for any number of
   * directories, `{one,other}`. A relative pattern starts at `cwd`. Follows no symbolic links, and skips directories
   * that the user may not read.
   *
   * ```ts
   * const sources = await sandbox.files.glob("src/*.{ts,js}", { cwd: "/srv" });
   * ```
   */
  async glob(pattern: string, options: GlobOptions = {}): Promise<string[]> {
    requireArguments("files.glob", ["pattern", text, pattern], ["options", globOptions, options]);
    const { cwd = "/", dot = false, maxEntries = TREE_BOUNDS.entries } = options;
    const globs = parseGlob(pattern, cwd);
    if (globs === undefined) {
      throw argumentInvalid("files.glob", [{ path: "pattern", message: "has braces that make too many patterns" }]);
    }
    const found = new Set<string>();
    for (const glob of globs) {
      for await (const path of this.#matches(glob, dot, maxEntries)) found.add(path);
    }
    return [...found].sort();
  }

  async *#matches(glob: Glob, dot: boolean, maxEntries: number): AsyncGenerator<string, void, void> {
    const states = new Map<string, States>([["", startOf(glob)]]);
    const enter = ({ path }: TreeEntry) => goesOn(glob, states.get(path) ?? new Set());
    const options = { bounds: { ...TREE_BOUNDS, entries: maxEntries }, enter, passDenied: true };
    try {
      for await (const entry of walk((at) => this.#entries(at), glob.base, options)) {
        const parent = entry.path.slice(0, Math.max(0, entry.path.length - entry.name.length - 1));
        const now = step(glob, states.get(parent) ?? new Set(), entry.name, dot);
        if (entry.type === "directory") states.set(entry.path, now);
        if (isMatch(glob, now)) yield below(glob.base, entry.path);
      }
    } catch (error) {
      // The starting directory does not exist, so nothing matches.
      const isNothing = error instanceof BulkheadError && NOTHING.has(error.code);
      if (!isNothing) throw error;
    }
  }

  /**
   * Copies a host file, or a directory with everything in it, into the sandbox, as the sandbox's user. `to` is its name
   * there; an existing directory receives the new entries. Keeps permission bits, not owners and times; each file
   * appears whole. Symbolic links are neither followed nor created; `left` lists them, and devices, FIFOs and sockets.
   * @throws BulkheadError COPY_FAILED (the host refused), FILE_TOO_LARGE above `maxBytes`, `maxEntries` or 64 nested
   * directories
   */
  async copyIn(from: string, to: string, options: CopyOptions = {}): Promise<Copied> {
    requireArguments(
      "files.copyIn",
      ["from", hostPath, from],
      ["to", insidePath, to],
      ["options", copyOptions, options],
    );
    const { copyIn } = await import("../copy/in.js");
    return await this.#live.during(async () => await copyIn(this, from, withoutSlash(to), boundsOf(options)));
  }

  /**
   * Copies a file, or a directory with everything in it, out of the sandbox. `to` is its name on the host, in an
   * existing directory; the copy belongs to the caller. The content is hostile: nothing is written outside `to`, links
   * are neither followed nor created, set-id bits are dropped, and nothing takes its final place until everything has
   * arrived. `left` lists what was not copied.
   * @throws BulkheadError as {@link copyIn}
   */
  async copyOut(from: string, to: string, options: CopyOptions = {}): Promise<Copied> {
    requireArguments(
      "files.copyOut",
      ["from", insidePath, from],
      ["to", hostPath, to],
      ["options", copyOptions, options],
    );
    const { copyOut } = await import("../copy/out.js");
    const source = {
      stat: this.stat.bind(this),
      readStream: this.readStream.bind(this),
      entries: (path: string) => this.#entries(path),
    };
    return await this.#live.during(async () => await copyOut(source, withoutSlash(from), to, boundsOf(options)));
  }

  /** As `list`, but does not collect the entries. */
  async *#entries(path: string): AsyncGenerator<DirectoryEntry, void, void> {
    const lines = new LineDecoder();
    for await (const chunk of this.#listing(path)) {
      for (const line of this.#checked(() => lines.push(chunk))) {
        yield this.#checked(() => readEntry(line));
      }
    }
  }

  /** As `#entries`, but raw bytes. */
  async *#listing(path: string): AsyncGenerator<Buffer, void, void> {
    const operation = new FileOperation(this.#live, { op: "list", path });
    let bytes = 0;
    for await (const chunk of operation.output as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > LONGEST_LIST_BYTES) {
        throw tooLarge("list", path, LONGEST_LIST_BYTES);
      }
      yield chunk;
    }
    await operation.value;
  }

  /** Returns a path's metadata; with `follow: false`, a symbolic link's own. */
  async stat(path: string, options: StatOptions = {}): Promise<FileInfo> {
    requireArguments("files.stat", ["path", insidePath, path], ["options", statOptions, options]);
    const { follow = true } = options;
    const value = await operate(this.#live, { op: "stat", path, follow });
    return this.#checked(() => readFileInfo(value));
  }

  /** Creates a directory; with `recursive` also its parents, and an existing directory is no error. */
  async mkdir(path: string, options: MakeDirectoryOptions = {}): Promise<void> {
    requireArguments("files.mkdir", ["path", insidePath, path], ["options", makeDirectoryOptions, options]);
    await operate(this.#live, { op: "mkdir", path, ...options });
  }

  /** Removes a file, an empty directory, or with `recursive` a directory and everything in it. */
  async remove(path: string, options: RemoveOptions = {}): Promise<void> {
    requireArguments("files.remove", ["path", insidePath, path], ["options", removeOptions, options]);
    await operate(this.#live, { op: "remove", path, ...options });
  }

  /** Moves a file or directory within one file system of the sandbox. */
  async rename(from: string, to: string): Promise<void> {
    requireArguments("files.rename", ["from", insidePath, from], ["to", insidePath, to]);
    await operate(this.#live, { op: "rename", from, to });
  }

  /** Yields events of a directory or file, until the loop ends or `signal` is aborted. */
  watch(path: string, options: WatchOptions = {}): AsyncGenerator<FileEvent, void, void> {
    requireArguments("files.watch", ["path", insidePath, path], ["options", watchOptions, options]);
    return this.#watch(path, options.signal);
  }

  async *#watch(path: string, signal: AbortSignal | undefined): AsyncGenerator<FileEvent, void, void> {
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

  /**
   * A sandbox that sends what init never sends is hostile. This holds for data as it does for the channel's own
   * messages.
   */
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

/** Resolves when the sandbox has written everything. */
function writeFrom(content: ByteSource, to: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = readerOf(content, (cause) => {
      reject(streamFailed("files.write", "content", cause));
      to.destroy();
    });
    to.on("error", (error) => {
      reader.release();
      reject(error);
    });
    to.on("finish", resolve);
    reader.feed(to);
  });
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

const NOTHING: ReadonlySet<string> = new Set(["FILE_NOT_FOUND", "FILE_NOT_DIRECTORY", "FILE_DENIED"]);

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}

function boundsOf({ maxBytes = DEFAULT_COPY_BYTES, maxEntries = TREE_BOUNDS.entries }: CopyOptions): CopyBounds {
  return { maxBytes, maxEntries };
}

function tooMany(operation: string, path: string, entries: number): BulkheadError {
  return new BulkheadError("FILE_TOO_LARGE", { operation, path, detail: `more than ${entries} files` });
}

function tooLarge(operation: string, path: string, bytes: number): BulkheadError {
  return new BulkheadError("FILE_TOO_LARGE", { operation, path, detail: `more than ${bytes} bytes` });
}

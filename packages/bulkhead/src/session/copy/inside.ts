import type { Readable, Writable } from "node:stream";
import type { DirectoryEntry, FileInfo } from "../files/entries.js";
import type { MakeDirectoryOptions, RemoveOptions, StatOptions, WriteOptions } from "../files/options.js";

/** The files of a sandbox, as far as a copy out of it needs them. */
export interface SourceFiles {
  stat(path: string, options?: StatOptions): Promise<FileInfo>;
  entries(path: string): AsyncGenerator<DirectoryEntry, void, void>;
  readStream(path: string): Readable;
}

/** The files of a sandbox, as far as a copy into it needs them. */
export interface TargetFiles {
  stat(path: string, options?: StatOptions): Promise<FileInfo>;
  mkdir(path: string, options?: MakeDirectoryOptions): Promise<void>;
  remove(path: string, options?: RemoveOptions): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  writeStream(path: string, options?: WriteOptions): Writable;
}

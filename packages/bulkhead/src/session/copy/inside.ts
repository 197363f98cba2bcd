import type { Readable, Writable } from "node:stream";
import type { DirectoryEntry, FileInfo } from "../files/entries.js";
import type { MakeDirectoryOptions, RemoveOptions, StatOptions, WriteOptions } from "../files/options.js";

/** The file operations that a copy out of a sandbox needs. */
export interface SourceFiles {
  stat(path: string, options?: StatOptions): Promise<FileInfo>;
  entries(path: string): AsyncGenerator<DirectoryEntry, void, void>;
  readStream(path: string): Readable;
}

/** The file operations that a copy into a sandbox needs. */
export interface TargetFiles {
  stat(path: string, options?: StatOptions): Promise<FileInfo>;
  mkdir(path: string, options?: MakeDirectoryOptions): Promise<void>;
  remove(path: string, options?: RemoveOptions): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  writeStream(path: string, options?: WriteOptions): Writable;
}

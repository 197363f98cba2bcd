import type { Readable, Writable } from "node:stream";
import type { DirectoryEntry, FileInfo } from "../files/entries.js";
import type { MakeDirectoryOptions, RemoveOptions, StatOptions, WriteOptions } from "../files/options.js";

/** The file operations of a sandbox that copying needs. */
export interface InsideFiles {
  stat(path: string, options?: StatOptions): Promise<FileInfo>;
  mkdir(path: string, options?: MakeDirectoryOptions): Promise<void>;
  remove(path: string, options?: RemoveOptions): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  entries(path: string): AsyncGenerator<DirectoryEntry, void, void>;
  readStream(path: string): Readable;
  writeStream(path: string, options?: WriteOptions): Writable;
}

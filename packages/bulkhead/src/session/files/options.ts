import { type Check, check } from "../../arguments/check.js";
import { abortSignal, flag, insidePath, object, whole } from "../../arguments/values.js";
import { input } from "../ends/checks.js";
import type { ByteSource } from "../ends/source.js";

export interface ReadStreamOptions {
  /** Bytes to skip. */
  readonly offset?: number;
  /** Bytes to read at most. */
  readonly length?: number;
}

export interface ReadOptions extends ReadStreamOptions {
  /** A larger file is refused with FILE_TOO_LARGE. Default: 64 MiB. */
  readonly maxBytes?: number;
}

export interface WriteOptions {
  /** Permission bits of a new file. Default: 0o644. */
  readonly mode?: number;
  /** Appends to the file instead of replacing its content. */
  readonly append?: boolean;
  /** Fails with FILE_EXISTS if the file already exists. */
  readonly exclusive?: boolean;
}

export interface ListOptions {
  /** Also lists the directories below. */
  readonly recursive?: boolean;
  /** More entries are refused with FILE_TOO_LARGE. Default: 100,000. */
  readonly maxEntries?: number;
}

export interface GlobOptions {
  /** Absolute path at which a relative pattern starts. Default: `/`. */
  readonly cwd?: string;
  /** Whether `*`, `?` and `**` match names that begin with a dot. Default: false. */
  readonly dot?: boolean;
  /** Maximum number of files to examine. Default: 100,000. */
  readonly maxEntries?: number;
}

export interface CopyOptions {
  /** Total bytes of all files; more is refused with FILE_TOO_LARGE. Default: 1 GiB. */
  readonly maxBytes?: number;
  /** Total number of files, directories and other entries; more are refused with FILE_TOO_LARGE. Default: 100,000. */
  readonly maxEntries?: number;
}

export interface StatOptions {
  /** False returns a symbolic link's own metadata. Default: that of its target. */
  readonly follow?: boolean;
}

export interface MakeDirectoryOptions {
  /** Also creates the parents; an existing directory is no error. */
  readonly recursive?: boolean;
  /** Permission bits. Default: 0o755. */
  readonly mode?: number;
}

export interface RemoveOptions {
  /** Removes a directory with everything in it. */
  readonly recursive?: boolean;
}

export interface WatchOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal;
}

/** A file's new content. */
export type FileContent = string | Uint8Array | ByteSource;

/** Permission bits without set-user-id and set-group-id, which no caller may set. */
const MODE_MAX = 0o1777;
export const fileMode: Check<number> = check(
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MODE_MAX,
  "permission bits from 0 to 0o1777, such as 0o644",
);
const count = whole(0);

export const readStreamOptions = object<ReadStreamOptions>({ offset: count, length: count });
export const readOptions = object<ReadOptions>({ offset: count, length: count, maxBytes: count });
export const writeOptions = object<WriteOptions>({ mode: fileMode, append: flag, exclusive: flag });
export const listOptions = object<ListOptions>({ recursive: flag, maxEntries: count });
export const globOptions = object<GlobOptions>({ cwd: insidePath, dot: flag, maxEntries: count });
export const copyOptions = object<CopyOptions>({ maxBytes: count, maxEntries: count });
export const statOptions = object<StatOptions>({ follow: flag });
export const makeDirectoryOptions = object<MakeDirectoryOptions>({ recursive: flag, mode: fileMode });
export const removeOptions = object<RemoveOptions>({ recursive: flag });
export const watchOptions = object<WatchOptions>({ signal: abortSignal });
export const fileContent: Check<FileContent> = input;

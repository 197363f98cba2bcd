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

export interface ListOptions {
  /** Also what is in the directories below it. */
  readonly recursive?: boolean;
  /** More than these are refused with FILE_TOO_LARGE. Default: 100,000. */
  readonly maxEntries?: number;
}

export interface GlobOptions {
  /** Where a relative pattern begins: an absolute path. Default: `/`. */
  readonly cwd?: string;
  /** Whether `*`, `?` and `**` stand for names that begin with a dot. Default: false. */
  readonly dot?: boolean;
  /** How many files may be looked at. Default: 100,000. */
  readonly maxEntries?: number;
}

export interface CopyOptions {
  /** Of all files together; more is refused with FILE_TOO_LARGE. Default: 1 GiB. */
  readonly maxBytes?: number;
  /** Of files, directories and all else; more is refused with FILE_TOO_LARGE. Default: 100,000. */
  readonly maxEntries?: number;
}

export interface StatOptions {
  /** False: of a symbolic link itself. Default: of what it leads to. */
  readonly follow?: boolean;
}

export interface MakeDirectoryOptions {
  /** Also those above it; and it may be there already. */
  readonly recursive?: boolean;
  /** Permission bits. Default: 0o755. */
  readonly mode?: number;
}

export interface RemoveOptions {
  /** A directory with all that is in it. */
  readonly recursive?: boolean;
}

export interface WatchOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal;
}

/** What a file is to hold. */
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

import { isInteger, isObject, isText, type JsonObject, parseObject } from "../../channel/json.js";
import { violation } from "../../channel/violation.js";
import { defined } from "../../values/defined.js";

const TYPES = ["file", "directory", "symlink", "fifo", "socket", "char", "block"] as const;

/** File type of a directory entry. */
export type FileType = (typeof TYPES)[number];

/** Metadata of a file, as the sandbox reports it. Hostile input, but of the right shape. */
export interface FileInfo {
  readonly type: FileType;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** As seen inside. */
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  /** Inode change time in microseconds, which no program can set. */
  readonly ctimeUs?: number;
  /** Target of a symbolic link. Never follow it on the host. */
  readonly target?: string;
}

/**
 * One entry of a directory. Its name may contain anything but `/` and NUL, including line breaks and escape sequences.
 */
export interface DirectoryEntry extends FileInfo {
  readonly name: string;
  /** The name's bytes, if they are not UTF-8 and `name` is only an approximation. */
  readonly nameBytes?: Buffer;
}

/** An event in a watched directory, or on a watched file. */
export interface FileEvent {
  readonly event: "create" | "change" | "remove";
  readonly name: string;
  readonly nameBytes?: Buffer;
}

const INFO_FIELDS = ["type", "size", "mode", "uid", "gid", "mtimeMs", "ctimeUs", "target"] as const;
const NAME_FIELDS = ["name", "nameBase64"] as const;
/** A name has up to 255 bytes, each of which may become U+FFFD (3 bytes). */
const LONGEST_NAME = 3 * 255;
const LONGEST_TARGET = 3 * 4096;

/** @throws BulkheadError PROTOCOL_VIOLATION */
export function readFileInfo(value: JsonObject): FileInfo {
  checkFields(value, INFO_FIELDS);
  return infoOf(value);
}

/** Reads one line of a `list`. @throws BulkheadError PROTOCOL_VIOLATION */
export function readEntry(line: Buffer): DirectoryEntry {
  const value = objectOf(line);
  checkFields(value, [...INFO_FIELDS, ...NAME_FIELDS]);
  const named = nameOf(value);
  if (named.name === "" || named.name.includes("/") || named.nameBytes?.includes("/") === true) {
    throw violation("message");
  }
  return { ...named, ...infoOf(value) };
}

/** Reads one line of a `watch`. @throws BulkheadError PROTOCOL_VIOLATION */
export function readEvent(line: Buffer): FileEvent {
  const value = objectOf(line);
  checkFields(value, ["event", ...NAME_FIELDS]);
  const event = value["event"];
  if (event !== "create" && event !== "change" && event !== "remove") {
    throw violation("message");
  }
  return { event, ...nameOf(value) };
}

function infoOf(value: JsonObject): FileInfo {
  const fields = value as Readonly<Partial<Record<keyof FileInfo, unknown>>>;
  const { type, size, mode, uid, gid, mtimeMs, ctimeUs, target } = fields;
  const known = TYPES.find((name) => name === type);
  if (known === undefined || !(target === undefined || isText(target, LONGEST_TARGET))) {
    throw violation("message");
  }
  if (!isInteger(size, 0) || !isInteger(mode, 0, 0o7777) || !isInteger(uid, 0) || !isInteger(gid, 0)) {
    throw violation("message");
  }
  if (typeof mtimeMs !== "number" || !(ctimeUs === undefined || typeof ctimeUs === "number")) {
    throw violation("message");
  }
  const info = { type: known, size, mode, uid, gid, mtimeMs };
  return { ...info, ...defined({ ctimeUs, target }) };
}

function nameOf(value: JsonObject): { readonly name: string; readonly nameBytes?: Buffer } {
  const { name, nameBase64 } = value as { readonly name?: unknown; readonly nameBase64?: unknown };
  if (!isText(name, LONGEST_NAME)) {
    throw violation("message");
  }
  if (nameBase64 === undefined) {
    return { name };
  }
  if (!isText(nameBase64, 340)) {
    throw violation("message");
  }
  return { name, nameBytes: Buffer.from(nameBase64, "base64") };
}

function objectOf(line: Buffer): JsonObject {
  const value = parseObject(line);
  if (!isObject(value)) {
    throw violation("json");
  }
  return value;
}

function checkFields(value: JsonObject, names: readonly string[]): void {
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) {
      throw violation("message");
    }
  }
}

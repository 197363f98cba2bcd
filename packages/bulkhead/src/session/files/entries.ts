import type { JsonObject } from "../../channel/json.js";
import { messageOf, objectOf } from "../../channel/messages.js";
import { violation } from "../../channel/violation.js";
import {
  checkEntry,
  checkEvent,
  checkFileInfo,
  type EventKind,
  type FileInfo,
} from "../../contract/generated/channel-messages.js";

export type { FileInfo, FileType } from "../../contract/generated/channel-messages.js";

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
  readonly event: EventKind;
  readonly name: string;
  readonly nameBytes?: Buffer;
}

/** Reads the value of a `stat`. @throws BulkheadError PROTOCOL_VIOLATION */
export function readFileInfo(value: JsonObject): FileInfo {
  return messageOf(checkFileInfo, value);
}

/** Reads one line of a `list`. @throws BulkheadError PROTOCOL_VIOLATION */
export function readEntry(line: Buffer): DirectoryEntry {
  const entry = withNameBytes(messageOf(checkEntry, objectOf(line)));
  if (entry.name === "" || entry.name.includes("/") || entry.nameBytes?.includes("/") === true) {
    throw violation("message");
  }
  return entry;
}

/** Reads one line of a `watch`. @throws BulkheadError PROTOCOL_VIOLATION */
export function readEvent(line: Buffer): FileEvent {
  return withNameBytes(messageOf(checkEvent, objectOf(line)));
}

function withNameBytes<Line extends { readonly nameBase64?: string }>(
  line: Line,
): Omit<Line, "nameBase64"> & { readonly nameBytes?: Buffer } {
  const { nameBase64, ...rest } = line;
  return nameBase64 === undefined ? rest : { ...rest, nameBytes: Buffer.from(nameBase64, "base64") };
}

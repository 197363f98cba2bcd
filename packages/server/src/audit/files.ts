import { type FileHandle, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ReadLine, readLine } from "./chain.js";

/** Twelve digits: names sort as their numbers do. */
const DIGITS = 12;

/** Where a part of the log lies that is full: beside the log, named by the number of its first line. */
export function rotatedPath(path: string, first: number): string {
  return join(dirname(path), `${stemOf(path)}-${String(first).padStart(DIGITS, "0")}.jsonl`);
}

/** The full parts, the oldest first. */
export async function rotatedPaths(path: string): Promise<readonly string[]> {
  const form = new RegExp(`^${stemOf(path)}-\\d{${DIGITS}}\\.jsonl$`);
  return (await readdir(dirname(path)))
    .filter((name) => form.test(name))
    .sort()
    .map((name) => join(dirname(path), name));
}

function stemOf(path: string): string {
  return basename(path, ".jsonl");
}

/** A line of a file, and where it ends. */
export interface PlacedLine {
  readonly read: ReadLine;
  readonly end: number;
}

/** More than any line has. */
const LINE_BYTES = 64 * 1024;

/** The last whole line; null: there is none; undefined: it is not one that the server wrote. */
export async function lastLine(file: FileHandle, key: Uint8Array): Promise<PlacedLine | null | undefined> {
  const { size } = await file.stat();
  const from = Math.max(0, size - LINE_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const tail = buffer.subarray(0, bytesRead);
  const end = tail.lastIndexOf("\n");
  if (end === -1) return from > 0 ? undefined : null;
  const begin = end === 0 ? 0 : tail.lastIndexOf("\n", end - 1) + 1;
  const read = readLine(tail.subarray(begin, end).toString(), key);
  return read === undefined ? undefined : { read, end: from + end + 1 };
}

/** The first whole line, if the server wrote it. */
export async function firstLine(file: FileHandle, key: Uint8Array): Promise<ReadLine | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LINE_BYTES), 0, LINE_BYTES, 0);
  const end = buffer.subarray(0, bytesRead).indexOf("\n");
  return end === -1 ? undefined : readLine(buffer.subarray(0, end).toString(), key);
}

/** The last line of a file that is closed again; undefined: it has none that the server wrote. */
export async function lastLineOf(path: string, key: Uint8Array): Promise<ReadLine | undefined> {
  const file = await open(path, "r");
  try {
    return (await lastLine(file, key))?.read;
  } finally {
    await file.close();
  }
}

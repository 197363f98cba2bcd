import type { FileHandle } from "node:fs/promises";
import type { AuditChain, AuditHead } from "../store/store.js";
import { type ReadLine, readLine } from "./chain.js";
import { lastLine } from "./files.js";

/** How the log goes on. */
export interface Recovery {
  /** The last line, which the next one continues. */
  readonly head: AuditHead;
  /** Where it ends; what follows was not written as a whole. */
  readonly end: number;
  /** Lines that a loss of power took. */
  readonly lost: number;
}

/** The current file, and the last line of the file before it. */
export interface LogEnd {
  readonly file: FileHandle;
  readonly before: AuditHead;
  /** Whether the machine was started again since a server last opened the log. */
  readonly restarted: boolean;
}

/**
 * The end of the log that the store's knowledge permits; undefined: someone changed the log.
 *
 * The server writes a line, then the store's copy of its hash; about once a second it syncs the log, and then tells the
 * store which line that covered. A process that is killed therefore leaves at most half a line, or one whole line more
 * than the store knows. A machine that loses power may lose the end of the log or of the store's changes, but no line
 * that was synced. Lines beyond the store's are authenticated by its key.
 */
export async function recover(chain: AuditChain, log: LogEnd): Promise<Recovery | undefined> {
  const { head, synced } = chain;
  const tail = await lastLine(log.file, chain.key);
  // A loss of power can leave a hole before the last line, but only in what was not synced.
  const isPlain = !log.restarted || synced === head.seq;
  if (isPlain && tail === null && log.before.seq === head.seq) return agreed(chain, log.before, 0);
  if (isPlain && tail?.read.entry.seq === head.seq) return agreed(chain, headOf(tail.read), tail.end);
  const { last, end, fits, isCut } = await wholeLines(chain, log);
  // Only a line without its end can be what a killed process left.
  if (!fits || (!isCut && !log.restarted)) return undefined;
  const ahead = last.seq - head.seq;
  if (ahead >= 0) return ahead <= 1 || log.restarted ? { head: last, end, lost: 0 } : undefined;
  return log.restarted && last.seq >= synced ? { head: last, end, lost: -ahead } : undefined;
}

function agreed({ head }: AuditChain, found: AuditHead, end: number): Recovery | undefined {
  return found.hash === head.hash ? { head: found, end, lost: 0 } : undefined;
}

interface WholeLines {
  readonly last: AuditHead;
  readonly end: number;
  /** Whether the store's last line, if it is among these, is the one that the store knows. */
  readonly fits: boolean;
  /** Whether nothing but a line without its end follows. */
  readonly isCut: boolean;
}

/** The lines from the start of the file that continue each other. */
async function wholeLines({ key, head }: AuditChain, { file, before }: LogEnd): Promise<WholeLines> {
  const bytes = await readAll(file);
  let [last, end, fits] = [before, 0, before.seq !== head.seq || before.hash === head.hash];
  while (true) {
    const next = bytes.indexOf("\n", end);
    if (next === -1) return { last, end, fits, isCut: true };
    const read = readLine(bytes.subarray(end, next).toString(), key);
    if (read === undefined || read.entry.seq !== last.seq + 1 || read.entry.prev !== last.hash) {
      return { last, end, fits, isCut: false };
    }
    last = headOf(read);
    end = next + 1;
    if (last.seq === head.seq) fits = last.hash === head.hash;
  }
}

async function readAll(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
  return buffer.subarray(0, bytesRead);
}

export function headOf({ entry, hash }: ReadLine): AuditHead {
  return { seq: entry.seq, hash };
}

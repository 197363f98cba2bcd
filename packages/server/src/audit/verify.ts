import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { BulkheadError } from "bulkhead";
import type { AuditChain } from "../store/store.js";
import { GENESIS, readLine } from "./chain.js";
import { rotatedPath } from "./files.js";

export interface AuditVerdict {
  /** Lines that hold; those that were removed because of their age are not among them. */
  readonly lines: number;
  /** The first line that does not, by its number; null: the log is whole. */
  readonly broken: { readonly line: number; readonly why: string } | null;
}

/** Where the check is. */
interface Place {
  seq: number;
  hash: string;
  /** Hash of the line that the store knows as the last one. */
  atHead: string;
}

/**
 * Checks every line of the log and of its full files, and that it ends where the store says: the store's copy of the
 * last hash shows a log that lost its end, and its key lines that no server wrote. A server may append to it meanwhile.
 * @throws BulkheadError SERVER_STATE_UNUSABLE
 */
export async function verifyAudit(path: string, { key, head, base }: AuditChain): Promise<AuditVerdict> {
  const place: Place = { seq: base.seq, hash: base.hash, atHead: base.seq === head.seq ? base.hash : GENESIS };
  const broken = (line: number, why: string): AuditVerdict => ({ lines: line - 1 - base.seq, broken: { line, why } });
  while (true) {
    const before = place.seq;
    const full = await opened(rotatedPath(path, before + 1));
    const problem = await walk(full ?? (await opened(path)), place, key, head.seq);
    // A server that runs may just have given the last file its name.
    const isRenamed = problem !== null && full === null && problem.seq === before + 1;
    if (isRenamed && (await exists(rotatedPath(path, problem.seq)))) continue;
    if (problem !== null) return broken(problem.seq, problem.why);
    if (full === null) break;
    if (place.seq === before) return broken(before + 1, "its file is empty");
  }
  if (place.seq < head.seq) return broken(place.seq + 1, `the log ends here, and had ${head.seq} lines`);
  if (place.atHead !== head.hash) return broken(head.seq, "it is not the line that the server wrote last");
  return { lines: place.seq - base.seq, broken: null };
}

/** Follows the lines of one file; what is wrong with the first that does not continue the others. */
async function walk(input: ReadStream | null, place: Place, key: Uint8Array, head: number) {
  try {
    for await (const { line, isWhole } of input === null ? [] : linesOf(input)) {
      // A server may write the line just now, or was killed meanwhile.
      if (!isWhole && place.seq >= head) return null;
      const problem = (why: string) => ({ seq: place.seq + 1, why });
      if (!isWhole) return problem("it has no end");
      const read = readLine(line, key);
      if (read === undefined) return problem("its bytes are not those that the server wrote");
      const { seq, prev } = read.entry;
      if (seq !== place.seq + 1) return problem(`it has number ${seq}: a line was removed or moved`);
      if (prev !== place.hash) return problem("it does not continue the line before");
      place.seq = seq;
      place.hash = read.hash;
      if (seq === head) place.atHead = read.hash;
    }
    return null;
  } finally {
    input?.destroy();
  }
}

/** Lines end with `\n` alone: other ends of lines are bytes of a line that someone changed. */
async function* linesOf(input: ReadStream): AsyncGenerator<{ readonly line: string; readonly isWhole: boolean }> {
  let rest = "";
  for await (const piece of input) {
    const lines = `${rest}${String(piece)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield { line, isWhole: true };
  }
  if (rest !== "") yield { line: rest, isWhole: false };
}

async function exists(path: string): Promise<boolean> {
  const input = await opened(path);
  input?.destroy();
  return input !== null;
}

/** Null: there is none, as if it had no line. */
async function opened(path: string): Promise<ReadStream | null> {
  const input = createReadStream(path, "utf8");
  try {
    await once(input, "open");
    return input;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new BulkheadError("SERVER_STATE_UNUSABLE", { operation: "open", path, cause });
  }
}

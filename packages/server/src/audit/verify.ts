import { once } from "node:events";
import { createReadStream, type ReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { BulkheadError } from "bulkhead";
import type { AuditHead } from "../store/store.js";
import { GENESIS, readLine } from "./chain.js";

export interface AuditVerdict {
  /** Lines that hold. */
  readonly lines: number;
  /** The first line that does not; null: the log is whole. */
  readonly broken: { readonly line: number; readonly why: string } | null;
}

/**
 * Checks every line of the log, and that it ends where the store says: the store's copy of the last hash shows a log
 * that lost its end, or that was written anew as a whole. A server may append to it meanwhile: `head` is the store's
 * before, and `later` reads it afterwards.
 * @throws BulkheadError SERVER_STATE_UNUSABLE
 */
export async function verifyAudit(
  path: string,
  head: AuditHead | undefined,
  later: () => Promise<AuditHead | undefined> = async () => head,
): Promise<AuditVerdict> {
  const input = await opened(path);
  let [count, prev, atHead] = [0, GENESIS, GENESIS];
  const broken = (why: string): AuditVerdict => ({ lines: count, broken: { line: count + 1, why } });
  try {
    for await (const line of input === null ? [] : createInterface({ input, crlfDelay: 0 })) {
      const read = readLine(line);
      if (read === undefined) return broken("its bytes are not those that the server wrote");
      if (read.entry.seq !== count + 1) return broken(`it has number ${read.entry.seq}: a line was removed or moved`);
      if (read.entry.prev !== prev) return broken("it does not continue the line before");
      count += 1;
      prev = read.hash;
      if (count === head?.seq) atHead = prev;
    }
  } finally {
    input?.destroy();
  }
  const last = head?.seq ?? 0;
  if (count < last) return broken(`the log ends here, and had ${last} lines`);
  if (head !== undefined && atHead !== head.hash) {
    return { lines: 0, broken: { line: head.seq, why: "it is not the line that the server wrote last" } };
  }
  // The server keeps the head after each line, so a crash leaves at most one line more.
  const most = ((await later())?.seq ?? 0) + 1;
  if (count > most) return { lines: most, broken: { line: most + 1, why: "the server did not write it" } };
  return { lines: count, broken: null };
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

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
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
 * that lost its end, or that was written anew as a whole.
 */
export async function verifyAudit(path: string, head: AuditHead | undefined): Promise<AuditVerdict> {
  const input = createReadStream(path, "utf8");
  let [count, prev, atHead] = [0, GENESIS, GENESIS];
  const broken = (why: string): AuditVerdict => ({ lines: count, broken: { line: count + 1, why } });
  try {
    for await (const line of createInterface({ input, crlfDelay: 0 })) {
      const read = readLine(line);
      if (read === undefined) return broken("its bytes are not those that the server wrote");
      if (read.entry.seq !== count + 1) return broken(`it has number ${read.entry.seq}: a line was removed or moved`);
      if (read.entry.prev !== prev) return broken("it does not continue the line before");
      count += 1;
      prev = read.hash;
      if (count === head?.seq) atHead = prev;
    }
  } finally {
    input.destroy();
  }
  const last = head?.seq ?? 0;
  if (count < last) return broken(`the log ends here, and had ${last} lines`);
  if (head !== undefined && atHead !== head.hash) {
    return { lines: 0, broken: { line: head.seq, why: "it is not the line that the server wrote last" } };
  }
  // The server keeps the head after each line, so a crash leaves at most one line more.
  if (count > last + 1) return { lines: last + 1, broken: { line: last + 2, why: "the server did not write it" } };
  return { lines: count, broken: null };
}

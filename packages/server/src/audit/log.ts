import { type FileHandle, open } from "node:fs/promises";
import { BulkheadError } from "bulkhead";
import type { AuditHead, Store } from "../store/store.js";
import { type AuditEvent, GENESIS, lineOf, readLine } from "./chain.js";

/** More than any line has. */
const TAIL_BYTES = 64 * 1024;

/** The audit log of this server: appends, one line after the other, and never changes one. */
export class AuditLog {
  readonly #file: FileHandle;
  readonly #store: Store;
  #head: AuditHead;
  /** Whether the store has the head. */
  #saved = true;
  /** The append in progress; each waits for the one before. */
  #last: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, store: Store, head: AuditHead) {
    this.#file = file;
    this.#store = store;
    this.#head = head;
  }

  /**
   * Opens the log and checks that it ends where the store says. A line that a crash cut off is removed; nothing had
   * begun that only this line would report.
   * @throws BulkheadError AUDIT_BROKEN
   */
  static async open(path: string, store: Store): Promise<AuditLog> {
    const file = await open(path, "a+", 0o600);
    const head = (await store.auditHead()) ?? { seq: 0, hash: GENESIS };
    try {
      const { last, end } = await tailOf(file);
      const ours = await agreed(store, head, last);
      if (ours === undefined) throw new BulkheadError("AUDIT_BROKEN", { path, detail: "it does not end as it did" });
      await file.truncate(end);
      return new AuditLog(file, store, ours);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Writes one line. A step begins only after the line that announces it is written, so that a full disk refuses work.
   * @throws BulkheadError SERVER_STATE_UNUSABLE
   */
  async append(event: AuditEvent): Promise<void> {
    const appended = this.#last.then(() => this.#write(event));
    this.#last = appended.catch(() => undefined);
    await appended;
  }

  async #write(event: AuditEvent): Promise<void> {
    // The store may be one line behind, never two: see `open`.
    if (!this.#saved) await this.#save();
    const seq = this.#head.seq + 1;
    const { line, hash } = lineOf({ seq, at: new Date().toISOString(), ...event, prev: this.#head.hash });
    const { size } = await this.#file.stat();
    try {
      await this.#file.appendFile(`${line}\n`);
    } catch (cause) {
      // Half a line may be there, and the next would continue it.
      await this.#file.truncate(size).catch(() => undefined);
      throw new BulkheadError("SERVER_STATE_UNUSABLE", { operation: "append to the audit log", cause });
    }
    this.#head = { seq, hash };
    await this.#save();
  }

  async #save(): Promise<void> {
    this.#saved = false;
    await this.#store.setAuditHead(this.#head);
    this.#saved = true;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

interface Tail {
  /** The last whole line: undefined if it is damaged, null if there is none. */
  readonly last: ReturnType<typeof readLine> | null;
  /** Where that line ends; a line that a crash cut off follows. */
  readonly end: number;
}

async function tailOf(file: FileHandle): Promise<Tail> {
  const { size } = await file.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const tail = buffer.subarray(0, bytesRead);
  const end = tail.lastIndexOf("\n");
  if (end === -1) return { last: from > 0 ? undefined : null, end: 0 };
  const begin = end === 0 ? 0 : tail.lastIndexOf("\n", end - 1) + 1;
  return { last: readLine(tail.subarray(begin, end).toString()), end: from + end + 1 };
}

/** The end that log and store agree on: the same line, or one more in the log, which a crash left. */
async function agreed(store: Store, head: AuditHead, last: Tail["last"]): Promise<AuditHead | undefined> {
  if (last === undefined) return undefined;
  if (last === null) return head.seq === 0 ? head : undefined;
  const found = { seq: last.entry.seq, hash: last.hash };
  if (found.seq === head.seq) return found.hash === head.hash ? head : undefined;
  if (found.seq !== head.seq + 1 || last.entry.prev !== head.hash) return undefined;
  await store.setAuditHead(found);
  return found;
}

import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { BulkheadError } from "bulkhead";
import type { AuditChain, AuditHead, Store } from "../store/store.js";
import { type AuditEvent, lineOf } from "./chain.js";
import { firstLine, lastLineOf, rotatedPath, rotatedPaths } from "./files.js";
import { headOf, recover } from "./recovery.js";

export interface AuditLogOptions {
  /** The kernel's id of this boot. */
  readonly boot: string;
  /** A file that has more is full. Default: 16 MiB. */
  readonly fileBytes?: number;
}

const FILE_BYTES = 16 * 1024 * 1024;
/** A file whose first line is older is full, so that lines can be removed by their age. */
const FILE_MS = 86_400_000;
/** How long a line may be only in the kernel's memory, which survives everything but the machine's end. */
const SYNC_MS = 1000;

/** The server itself, which no request asked. */
const SELF = { project: null, token: null, address: null };

interface Opened {
  readonly path: string;
  readonly store: Store;
  readonly key: Uint8Array;
  readonly file: FileHandle;
  readonly head: AuditHead;
  readonly size: number;
  /** The first line of the current file; null: it has none yet. */
  readonly first: { readonly seq: number; readonly at: number } | null;
  readonly fileBytes: number;
}

/** The audit log of this server: appends, one line after the other, and never changes one. */
export class AuditLog {
  readonly #path: string;
  readonly #store: Store;
  readonly #key: Uint8Array;
  readonly #fileBytes: number;
  #file: FileHandle;
  #head: AuditHead;
  #size: number;
  #first: Opened["first"];
  /** Whether the store has the head. */
  #saved = true;
  /** The last line that the disk has. */
  #synced = 0;
  #syncing: NodeJS.Timeout | undefined;
  /** The change in progress; each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor({ path, store, key, file, head, size, first, fileBytes }: Opened) {
    this.#path = path;
    this.#store = store;
    this.#key = key;
    this.#file = file;
    this.#head = head;
    this.#size = size;
    this.#first = first;
    this.#fileBytes = fileBytes;
  }

  /**
   * Opens the log and checks that it ends where the store says. A line that a crash cut off is removed; nothing had
   * begun that only this line would report. What a loss of power took is announced by a line.
   * @throws BulkheadError AUDIT_BROKEN
   */
  static async open(path: string, store: Store, options: AuditLogOptions): Promise<AuditLog> {
    const { boot, fileBytes = FILE_BYTES } = options;
    const chain = await store.auditChain();
    const file = await open(path, "a+", 0o600);
    try {
      const before = await endOfRotated(path, chain);
      const restarted = chain.boot !== "" && chain.boot !== boot;
      const recovery = before && (await recover(chain, { file, before, restarted }));
      if (recovery === undefined)
        throw new BulkheadError("AUDIT_BROKEN", { path, detail: "it does not end as it did" });
      const { head, end: size, lost } = recovery;
      await file.truncate(size);
      const start = await firstLine(file, chain.key);
      const first = start === undefined ? null : { seq: start.entry.seq, at: Date.parse(start.entry.at) };
      const log = new AuditLog({ path, store, key: chain.key, file, head, size, first, fileBytes });
      await log.#begin(boot, lost);
      return log;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #begin(boot: string, lost: number): Promise<void> {
    await this.#save();
    if (lost > 0) {
      await this.append({ ...SELF, action: "audit.recover", target: null, outcome: "LINES_LOST", count: lost });
    }
    await this.#sync();
    await this.#store.setAuditBoot(boot);
  }

  /**
   * Writes one line. A step begins only after the line that announces it is written, so that a full disk refuses work.
   * @throws BulkheadError SERVER_STATE_UNUSABLE
   */
  async append(event: AuditEvent): Promise<void> {
    await this.#inOrder(async () => await this.#write(event));
  }

  async #inOrder(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    await done;
  }

  async #write(event: AuditEvent): Promise<void> {
    // The store may be one line behind, never two: see `recover`.
    if (!this.#saved) await this.#save();
    const now = Date.now();
    await usable("append to the audit log", async () => await this.#rotateIfFull(now));
    const seq = this.#head.seq + 1;
    const at = new Date(now).toISOString();
    const { line, hash } = lineOf({ seq, at, ...event, prev: this.#head.hash }, this.#key);
    await usable("append to the audit log", async () => await this.#put(Buffer.from(`${line}\n`)));
    this.#head = { seq, hash };
    this.#first ??= { seq, at: now };
    await this.#save();
    this.#syncing ??= setTimeout(() => {
      this.#syncing = undefined;
      // Appends go on meanwhile. A failure leaves the store with an earlier line, and the next line tries again.
      this.#sync().catch(() => undefined);
    }, SYNC_MS).unref();
  }

  async #put(bytes: Buffer): Promise<void> {
    try {
      await this.#file.appendFile(bytes);
      this.#size += bytes.length;
    } catch (cause) {
      // Half a line may be there, and the next would continue it.
      await this.#file.truncate(this.#size).catch(() => undefined);
      throw cause;
    }
  }

  async #save(): Promise<void> {
    this.#saved = false;
    await this.#store.setAuditHead(this.#head);
    this.#saved = true;
  }

  async #sync(): Promise<void> {
    const { seq } = this.#head;
    if (seq <= this.#synced) return;
    await this.#file.datasync();
    this.#synced = Math.max(seq, this.#synced);
    await this.#store.setAuditSynced(this.#synced);
  }

  /** A full file gets its name for good, and the chain continues in a new one. */
  async #rotateIfFull(now: number): Promise<void> {
    const first = this.#first;
    if (first === null || (this.#size < this.#fileBytes && now - first.at < FILE_MS)) return;
    await this.#sync();
    const full = rotatedPath(this.#path, first.seq);
    await rename(this.#path, full);
    try {
      const file = await open(this.#path, "ax", 0o600);
      await this.#file.close();
      this.#file = file;
    } catch (error) {
      await rename(full, this.#path);
      throw error;
    }
    this.#size = 0;
    this.#first = null;
    await syncDirectory(dirname(this.#path));
  }

  /** Removes full files whose last line is older. The store keeps the hash that the first line left continues. */
  async prune(before: number): Promise<void> {
    await this.#inOrder(async () => {
      await this.#rotateIfFull(Date.now());
      const { base } = await this.#store.auditChain();
      for (const path of await rotatedPaths(this.#path)) {
        const last = await lastLineOf(path, this.#key);
        if (last === undefined || Date.parse(last.entry.at) >= before) return;
        const count = last.entry.seq - base.seq;
        // A file that an earlier removal left is already below the base.
        if (count > 0) {
          await this.#write({ ...SELF, action: "audit.prune", target: String(last.entry.seq), outcome: "ok", count });
          await this.#store.setAuditBase(headOf(last));
        }
        await unlink(path);
      }
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#syncing);
    await this.#inOrder(async () => await this.#sync());
    await this.#file.close();
  }
}

/** The last line of the last full file; the base if there is none; undefined: that file is damaged. */
async function endOfRotated(path: string, { key, base }: AuditChain): Promise<AuditHead | undefined> {
  const last = (await rotatedPaths(path)).at(-1);
  if (last === undefined) return base;
  const read = await lastLineOf(last, key);
  if (read === undefined) return undefined;
  return read.entry.seq < base.seq ? base : headOf(read);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  await directory.sync().finally(async () => await directory.close());
}

async function usable(operation: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (cause) {
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError("SERVER_STATE_UNUSABLE", { operation, cause });
  }
}

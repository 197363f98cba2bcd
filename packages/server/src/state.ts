import { existsSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { BulkheadError } from "bulkhead";
import { SqliteStore } from "./store/sqlite.js";
import { type Database, openDatabase } from "./store/sqlite-module.js";

/** The files of one server. */
export interface StatePaths {
  readonly directory: string;
  readonly database: string;
  readonly audit: string;
}

/** Where a server keeps its state: `directory`, or below XDG_STATE_HOME. */
export function statePaths(directory?: string): StatePaths {
  const state = process.env["XDG_STATE_HOME"];
  const base = state?.startsWith("/") === true ? state : join(homedir(), ".local/state");
  const chosen = directory === undefined ? join(base, "bulkhead/server") : resolve(directory);
  return { directory: chosen, database: join(chosen, "state.db"), audit: join(chosen, "audit.jsonl") };
}

export interface OpenState {
  readonly store: SqliteStore;
  /** Lets another server use the directory. */
  unlock(): void;
}

/**
 * Opens the state of a server, for this process alone: only its owner may read the directory.
 * @throws BulkheadError SERVER_STATE_UNUSABLE, SERVER_NODE_TOO_OLD
 */
export function openState({ directory, database }: StatePaths): OpenState {
  let lock: Database | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(directory);
    // Its owner could read everything in it, which does not stop root.
    if (uid !== process.geteuid?.()) throw new Error("another user owns it");
    // Whoever made it may have meant it for more than this.
    if ((mode & 0o077) !== 0) throw new Error(`other users can use it (mode ${(mode & 0o777).toString(8)}): chmod 700`);
    lock = openDatabase(join(directory, "lock.db"));
    // The kernel drops this lock with the process, however it ends.
    lock.exec("BEGIN EXCLUSIVE");
    const held = lock;
    return { store: new SqliteStore(database), unlock: () => held.close() };
  } catch (cause) {
    lock?.close();
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError("SERVER_STATE_UNUSABLE", { path: directory, detail: messageOf(cause), cause });
  }
}

/**
 * Opens the store to read it, and changes nothing; a server may use it meanwhile.
 * @throws BulkheadError SERVER_STATE_UNUSABLE
 */
export function readStore({ database }: StatePaths): SqliteStore {
  // SQLite would create one, and an empty log would fit it.
  if (!existsSync(database)) {
    throw new BulkheadError("SERVER_STATE_UNUSABLE", { path: database, detail: "no server had its state there" });
  }
  try {
    return new SqliteStore(database, { readOnly: true });
  } catch (cause) {
    if (cause instanceof BulkheadError) throw cause;
    throw new BulkheadError("SERVER_STATE_UNUSABLE", { path: database, detail: messageOf(cause), cause });
  }
}

function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text === "database is locked" ? "another server uses it" : text;
}

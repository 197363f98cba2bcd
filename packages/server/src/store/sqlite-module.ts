import { BulkheadError } from "bulkhead";

/** The part of Node's own SQLite that the store uses. Node 20, whose types this repository builds with, has none. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export type SqlValue = null | number | string | Uint8Array;
export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  run(...values: readonly SqlValue[]): { readonly changes: number | bigint };
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): readonly Row[];
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string, options?: { readonly readOnly?: boolean }) => Database;
}

/** Whether this Node has SQLite: 22.13 and later. */
export function hasSqlite(): boolean {
  return sqliteModule() !== undefined;
}

/** @throws BulkheadError SERVER_NODE_TOO_OLD */
export function openDatabase(path: string, options: { readonly readOnly?: boolean } = {}): Database {
  const sqlite = sqliteModule();
  if (sqlite === undefined) throw new BulkheadError("SERVER_NODE_TOO_OLD", { detail: `this is ${process.version}` });
  return new sqlite.DatabaseSync(path, options);
}

/** Node 20.11 has not even the function. */
function sqliteModule(): SqliteModule | undefined {
  return process.getBuiltinModule?.("node:sqlite") as SqliteModule | undefined;
}

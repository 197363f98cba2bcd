import type { Database } from "./sqlite-module.js";

/** Each brings the schema from the version that is its index to the next. Only append: databases ran the others. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE projects (
    id TEXT PRIMARY KEY, organisation TEXT NOT NULL, name TEXT NOT NULL, floor TEXT NOT NULL, quotas TEXT NOT NULL,
    created_at INTEGER NOT NULL, UNIQUE (organisation, name)
  ) STRICT;
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (id), name TEXT NOT NULL, scopes TEXT NOT NULL,
    hash BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
  ) STRICT;
  CREATE INDEX tokens_of_project ON tokens (project, created_at);
  CREATE TABLE sandboxes (
    id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (id), state TEXT NOT NULL, level TEXT NOT NULL,
    template TEXT, policy_digest TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    ended_at INTEGER, reason TEXT
  ) STRICT;
  CREATE INDEX sandboxes_of_project ON sandboxes (project, created_at DESC, id DESC);
  CREATE INDEX sandboxes_running ON sandboxes (state) WHERE state = 'running';
  CREATE TABLE executions (
    id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (id),
    sandbox TEXT NOT NULL REFERENCES sandboxes (id), state TEXT NOT NULL, created_at INTEGER NOT NULL,
    ended_at INTEGER, result TEXT
  ) STRICT;
  CREATE INDEX executions_running ON executions (state) WHERE state = 'running';
  CREATE TABLE idempotency (
    project TEXT NOT NULL, key TEXT NOT NULL, request_digest TEXT NOT NULL, owner TEXT NOT NULL,
    created_at INTEGER NOT NULL, status INTEGER, body TEXT, PRIMARY KEY (project, key)
  ) STRICT;
  CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
  `,
  "CREATE INDEX idempotency_by_time ON idempotency (created_at);",
  `
  CREATE TABLE audit_chain (
    one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL, synced INTEGER NOT NULL, boot TEXT NOT NULL,
    base_seq INTEGER NOT NULL, base_hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX executions_of_project ON executions (project, created_at DESC);
  CREATE INDEX executions_of_sandbox ON executions (sandbox);
  `,
  `
  CREATE TABLE templates (
    project TEXT NOT NULL REFERENCES projects (id), name TEXT NOT NULL, policy TEXT NOT NULL, pool INTEGER NOT NULL,
    created_at INTEGER NOT NULL, PRIMARY KEY (project, name)
  ) STRICT;
  `,
];

/** Throws unless this version of Bulkhead wrote the schema: a reader changes nothing. */
export function requireCurrent(database: Database): void {
  const version = versionOf(database);
  if (version === MIGRATIONS.length) return;
  throw new Error(`another version of Bulkhead wrote it (schema ${version}, this one has ${MIGRATIONS.length})`);
}

/** Brings the database to the newest schema. Throws if a later version of Bulkhead wrote it. */
export function migrate(database: Database): void {
  const version = versionOf(database);
  if (version > MIGRATIONS.length) {
    throw new Error(`a later version of Bulkhead wrote it (schema ${version}, known up to ${MIGRATIONS.length})`);
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index >= version) database.exec(`BEGIN; ${sql} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}

function versionOf(database: Database): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}

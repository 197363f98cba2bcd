import { randomBytes, randomUUID } from "node:crypto";
import { GENESIS } from "../audit/chain.js";
import { migrate, requireCurrent } from "./migrations.js";
import {
  auditChainOf,
  executionOf,
  projectOf,
  sandboxOf,
  templateEntryOf,
  templateOf,
  text,
  textOrNull,
  tokenOf,
  whole,
  wholeOrNull,
} from "./rows.js";
import { type Database, openDatabase, type Row, type SqlValue, type Statement } from "./sqlite-module.js";
import type {
  AuditChain,
  AuditHead,
  ExecutionRow,
  ExecutionState,
  Page,
  Project,
  Remembered,
  SandboxRow,
  SandboxState,
  Store,
  TemplateEntry,
  TemplateRow,
  TokenRow,
} from "./store.js";

/** The state in one SQLite file, in WAL mode: a process killed at any moment leaves whole transactions. */
export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();
  /** Of the requests that this process carries out. */
  readonly #owner = randomUUID();

  /** @throws BulkheadError SERVER_NODE_TOO_OLD; an error of SQLite for a file that is damaged or of a later version */
  constructor(path: string, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#database = openDatabase(path, { readOnly });
    if (readOnly) {
      requireCurrent(this.#database);
      return;
    }
    // The log has lines by the key at once: no failure of power may take the key back.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    migrate(this.#database);
    this.#run("INSERT INTO audit_head VALUES (1, 0, ?) ON CONFLICT DO NOTHING", GENESIS);
    const sql = "INSERT INTO audit_chain VALUES (1, ?, 0, '', 0, ?) ON CONFLICT DO NOTHING";
    this.#run(sql, randomBytes(32), GENESIS);
    this.#database.exec("PRAGMA synchronous = NORMAL");
  }

  async addProject({ id, organisation, name, floor, quotas, createdAt }: Project): Promise<void> {
    const values = [id, organisation, name, JSON.stringify(floor), JSON.stringify(quotas), createdAt];
    this.#run("INSERT INTO projects VALUES (?, ?, ?, ?, ?, ?)", ...values);
  }

  async project(id: string): Promise<Project | undefined> {
    return this.#one(projectOf, "SELECT * FROM projects WHERE id = ?", id);
  }

  async projects(): Promise<readonly Project[]> {
    return this.#all("SELECT * FROM projects ORDER BY created_at, id").map(projectOf);
  }

  async addToken({ id, project, name, scopes, hash, createdAt, expiresAt, revokedAt }: TokenRow): Promise<void> {
    const values = [id, project, name, JSON.stringify(scopes), hash, createdAt, expiresAt, revokedAt];
    this.#run("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ...values);
  }

  async tokenById(id: string): Promise<TokenRow | undefined> {
    return this.#one(tokenOf, "SELECT * FROM tokens WHERE id = ?", id);
  }

  async tokens(project: string): Promise<readonly TokenRow[]> {
    return this.#all("SELECT * FROM tokens WHERE project = ? ORDER BY created_at, id", project).map(tokenOf);
  }

  async revokeToken(project: string, id: string, at: number): Promise<boolean> {
    const sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE project = ? AND id = ?";
    // A token that leaked must not work again after a power failure, which takes back what is not on the disk.
    return this.#durably(() => this.#run(sql, at, project, id) === 1);
  }

  async forgetEndedTokens(project: string, at: number): Promise<void> {
    const sql = "DELETE FROM tokens WHERE project = ? AND (revoked_at IS NOT NULL OR expires_at < ?)";
    this.#run(sql, project, at);
  }

  async addSandbox(row: SandboxRow): Promise<void> {
    const { id, project, state, level, template, policyDigest, createdAt, expiresAt, endedAt, reason } = row;
    const values = [id, project, state, level, template, policyDigest, createdAt, expiresAt, endedAt, reason];
    this.#run("INSERT INTO sandboxes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...values);
  }

  async sandbox(project: string, id: string): Promise<SandboxRow | undefined> {
    return this.#one(sandboxOf, "SELECT * FROM sandboxes WHERE project = ? AND id = ?", project, id);
  }

  async sandboxes(project: string, { limit, after }: Page, state: SandboxState | null): Promise<readonly SandboxRow[]> {
    const { createdAt, id } = after ?? { createdAt: Number.MAX_SAFE_INTEGER, id: "" };
    const sql = `SELECT * FROM sandboxes WHERE project = ?1 AND (created_at, id) < (?2, ?3)
      AND (?4 IS NULL OR state = ?4) ORDER BY created_at DESC, id DESC LIMIT ?5`;
    return this.#all(sql, project, createdAt, id, state, limit).map(sandboxOf);
  }

  async setExpiry(project: string, id: string, expiresAt: number): Promise<void> {
    this.#run("UPDATE sandboxes SET expires_at = ? WHERE project = ? AND id = ?", expiresAt, project, id);
  }

  async endSandbox(id: string, state: SandboxState, at: number, reason: string | null): Promise<void> {
    const sql = "UPDATE sandboxes SET state = ?, ended_at = ?, reason = ? WHERE id = ? AND state = 'running'";
    this.#run(sql, state, at, reason, id);
  }

  async putTemplate({ project, name, policy, pool, createdAt }: TemplateRow): Promise<void> {
    const sql = "INSERT OR REPLACE INTO templates VALUES (?, ?, ?, ?, ?)";
    this.#run(sql, project, name, JSON.stringify(policy), pool, createdAt);
  }

  async template(project: string, name: string): Promise<TemplateRow | undefined> {
    return this.#one(templateOf, "SELECT * FROM templates WHERE project = ? AND name = ?", project, name);
  }

  async templates(project: string): Promise<readonly TemplateEntry[]> {
    const sql = "SELECT name, pool, created_at FROM templates WHERE project = ? ORDER BY name";
    return this.#all(sql, project).map(templateEntryOf);
  }

  async countOtherTemplates(project: string, name: string): Promise<number> {
    const sql = "SELECT count(*) AS count FROM templates WHERE project = ? AND name <> ?";
    return this.#one((row) => whole(row, "count"), sql, project, name) ?? 0;
  }

  async removeTemplate(project: string, name: string): Promise<void> {
    this.#run("DELETE FROM templates WHERE project = ? AND name = ?", project, name);
  }

  async addExecution({ id, project, sandbox, state, createdAt, endedAt, result }: ExecutionRow): Promise<void> {
    const values = [id, project, sandbox, state, createdAt, endedAt, result];
    this.#run("INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?)", ...values);
  }

  async execution(project: string, sandbox: string, id: string): Promise<ExecutionRow | undefined> {
    const sql = "SELECT * FROM executions WHERE project = ? AND sandbox = ? AND id = ?";
    return this.#one(executionOf, sql, project, sandbox, id);
  }

  async endExecution(id: string, state: ExecutionState, at: number, result: string | null): Promise<void> {
    const sql = "UPDATE executions SET state = ?, ended_at = ?, result = ? WHERE id = ? AND state = 'running'";
    this.#run(sql, state, at, result, id);
  }

  async loseRunning(at: number, reason: string): Promise<readonly SandboxRow[]> {
    const lost = this.#all("SELECT * FROM sandboxes WHERE state = 'running'").map(sandboxOf);
    this.#run("UPDATE executions SET state = 'lost', ended_at = ? WHERE state = 'running'", at);
    const sql = "UPDATE sandboxes SET state = 'lost', ended_at = ?, reason = ? WHERE state = 'running'";
    this.#run(sql, at, reason);
    return lost;
  }

  async claimKey(project: string, key: string, requestDigest: string, at: number): Promise<Remembered | undefined> {
    const sql = "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, NULL, NULL) ON CONFLICT DO NOTHING";
    if (this.#run(sql, project, key, requestDigest, this.#owner, at) === 1) return undefined;
    return this.#one(
      (row) => this.#remembered(row),
      "SELECT * FROM idempotency WHERE project = ? AND key = ?",
      project,
      key,
    );
  }

  #remembered(row: Row): Remembered {
    const [status, body] = [wholeOrNull(row, "status"), textOrNull(row, "body")];
    return {
      requestDigest: text(row, "request_digest"),
      outcome: status === null || body === null ? null : { status, body },
      ours: text(row, "owner") === this.#owner,
    };
  }

  async completeKey(project: string, key: string, status: number, body: string): Promise<void> {
    this.#run("UPDATE idempotency SET status = ?, body = ? WHERE project = ? AND key = ?", status, body, project, key);
  }

  async releaseKey(project: string, key: string): Promise<void> {
    this.#run("DELETE FROM idempotency WHERE project = ? AND key = ?", project, key);
  }

  async forgetKeysBefore(at: number): Promise<void> {
    // The key of a request that this process still carries out stays, however old.
    const sql = "DELETE FROM idempotency WHERE created_at < ? AND (status IS NOT NULL OR owner <> ?)";
    this.#run(sql, at, this.#owner);
  }

  async forgetEndedBefore(at: number): Promise<void> {
    // An execution goes before its sandbox, to which it refers.
    this.#run(
      `DELETE FROM executions WHERE state <> 'running' AND ended_at < ?1
        OR sandbox IN (SELECT id FROM sandboxes WHERE state <> 'running' AND ended_at < ?1)`,
      at,
    );
    this.#run("DELETE FROM sandboxes WHERE state <> 'running' AND ended_at < ?", at);
  }

  async forgetEndedBeyond(rows: number): Promise<void> {
    const oldest = (table: string) => `SELECT id FROM ${table} WHERE project = ?1
      ORDER BY created_at DESC LIMIT -1 OFFSET ?2`;
    for (const { id } of await this.projects()) {
      this.#run(`DELETE FROM executions WHERE state <> 'running' AND id IN (${oldest("executions")})`, id, rows);
      const old = `state <> 'running' AND id IN (${oldest("sandboxes")})`;
      this.#run(`DELETE FROM executions WHERE sandbox IN (SELECT id FROM sandboxes WHERE ${old})`, id, rows);
      this.#run(`DELETE FROM sandboxes WHERE ${old}`, id, rows);
    }
  }

  async auditChain(): Promise<AuditChain> {
    const chain = this.#one(auditChainOf, "SELECT * FROM audit_chain JOIN audit_head USING (one)");
    if (chain === undefined) throw new Error("the database is damaged: it knows no audit log");
    return chain;
  }

  async setAuditHead({ seq, hash }: AuditHead): Promise<void> {
    this.#run("UPDATE audit_head SET seq = ?, hash = ?", seq, hash);
  }

  async setAuditSynced(seq: number): Promise<void> {
    this.#run("UPDATE audit_chain SET synced = ?", seq);
  }

  async setAuditBoot(boot: string): Promise<void> {
    this.#durably(() => this.#run("UPDATE audit_chain SET boot = ?", boot));
  }

  async setAuditBase({ seq, hash }: AuditHead): Promise<void> {
    // The files below it are removed next.
    this.#durably(() => this.#run("UPDATE audit_chain SET base_seq = ?, base_hash = ?", seq, hash));
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** Carries out changes that no failure of power takes back; those before them are as safe then. */
  #durably<Value>(change: () => Value): Value {
    this.#database.exec("PRAGMA synchronous = FULL");
    try {
      return change();
    } finally {
      this.#database.exec("PRAGMA synchronous = NORMAL");
    }
  }

  #run(sql: string, ...values: readonly SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #all(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    return this.#statement(sql).all(...values);
  }

  #one<Value>(read: (row: Row) => Value, sql: string, ...values: readonly SqlValue[]): Value | undefined {
    const row = this.#statement(sql).get(...values);
    return row === undefined ? undefined : read(row);
  }

  #statement(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

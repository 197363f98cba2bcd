import type { Level, Policy } from "bulkhead";
import type { Floor } from "../tenants/floor.js";
import type { QuotaLimits } from "../tenants/quotas.js";
import type { Scope } from "../tenants/scopes.js";

/** One tenant: owns tokens, sandboxes and executions, and sees nothing of another project. Times are Unix in ms. */
export interface Project {
  readonly id: string;
  readonly organisation: string;
  readonly name: string;
  readonly floor: Floor;
  readonly quotas: QuotaLimits;
  readonly createdAt: number;
}

/** A token without its secret, of which only `hash` is kept. */
export interface TokenRow {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the whole token. */
  readonly hash: Uint8Array;
  readonly createdAt: number;
  /** Null: never. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export const SANDBOX_STATES = ["running", "ended", "killed", "expired", "lost"] as const;
/** `lost`: the server or its broker ended, and the sandbox with it. */
export type SandboxState = (typeof SANDBOX_STATES)[number];

export interface SandboxRow {
  readonly id: string;
  readonly project: string;
  readonly state: SandboxState;
  readonly level: Level;
  readonly template: string | null;
  /** SHA-256 of the policy that the engine got. */
  readonly policyDigest: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | null;
  /** An error code, or the broker's cause. */
  readonly reason: string | null;
}

export type ExecutionState = "running" | "ended" | "lost";

export interface ExecutionRow {
  readonly id: string;
  readonly project: string;
  readonly sandbox: string;
  readonly state: ExecutionState;
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** The result without its output, as JSON; null while the program runs. */
  readonly result: string | null;
}

/** A policy that a tenant gave a name. */
export interface TemplateRow {
  readonly project: string;
  readonly name: string;
  /** As the tenant wrote it. */
  readonly policy: Policy;
  /** Sandboxes that stand ready for a run; 0: none. */
  readonly pool: number;
  readonly createdAt: number;
}

/** A template in a list. */
export type TemplateEntry = Pick<TemplateRow, "name" | "pool" | "createdAt">;

/** The outcome of an earlier request, or null while it is carried out. */
export interface Remembered {
  readonly requestDigest: string;
  readonly outcome: { readonly status: number; readonly body: string } | null;
  /** Whether this process carries the request out; false: a process that is gone did. */
  readonly ours: boolean;
}

/** Where a page of a list begins: after the entry with this time and id. */
export interface Cursor {
  readonly createdAt: number;
  readonly id: string;
}

export interface Page {
  readonly limit: number;
  readonly after: Cursor | null;
}

/** One line of the audit log. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
}

/** What the store knows of the audit log. */
export interface AuditChain {
  /** Authenticates lines: without it no one adds one that fits. */
  readonly key: Uint8Array;
  /** The last line. */
  readonly head: AuditHead;
  /** Number of the last line that was on the disk before the store said so: no loss of power takes it back. */
  readonly synced: number;
  /** The kernel's id of the boot in which a server last opened the log. */
  readonly boot: string;
  /** The last line that was removed because of its age; number 0: none was. */
  readonly base: AuditHead;
}

/**
 * The server's state. Each read of a tenant's rows names the project, so an id of another project is as unknown as an
 * invented one. Asynchronous, because a later implementation speaks to PostgreSQL.
 */
export interface Store {
  addProject(project: Project): Promise<void>;
  project(id: string): Promise<Project | undefined>;
  projects(): Promise<readonly Project[]>;

  addToken(token: TokenRow): Promise<void>;
  /** The only look-up without a project: a token is what names the project. */
  tokenById(id: string): Promise<TokenRow | undefined>;
  tokens(project: string): Promise<readonly TokenRow[]>;
  /** Whether the project had such a token. */
  revokeToken(project: string, id: string, at: number): Promise<boolean>;
  /** Forgets the tokens of a project that are revoked, or have expired before this time. */
  forgetEndedTokens(project: string, at: number): Promise<void>;

  addSandbox(sandbox: SandboxRow): Promise<void>;
  sandbox(project: string, id: string): Promise<SandboxRow | undefined>;
  /** Newest first. */
  sandboxes(project: string, page: Page, state: SandboxState | null): Promise<readonly SandboxRow[]>;
  setExpiry(project: string, id: string, expiresAt: number): Promise<void>;
  /** Ends a running sandbox; one that has ended keeps its first end. */
  endSandbox(id: string, state: SandboxState, at: number, reason: string | null): Promise<void>;

  /** Adds a template, or replaces the one of its name. */
  putTemplate(template: TemplateRow): Promise<void>;
  template(project: string, name: string): Promise<TemplateRow | undefined>;
  /** Without their policies, each of which may be large. */
  templates(project: string): Promise<readonly TemplateEntry[]>;
  /** How many templates of the project have another name. */
  countOtherTemplates(project: string, name: string): Promise<number>;
  removeTemplate(project: string, name: string): Promise<void>;

  addExecution(execution: ExecutionRow): Promise<void>;
  execution(project: string, sandbox: string, id: string): Promise<ExecutionRow | undefined>;
  endExecution(id: string, state: ExecutionState, at: number, result: string | null): Promise<void>;

  /** Marks all that a server which is gone left running as lost. Returns the sandboxes. */
  loseRunning(at: number, reason: string): Promise<readonly SandboxRow[]>;

  /** Claims a key for this request; what is already remembered for the key, else undefined. */
  claimKey(project: string, key: string, requestDigest: string, at: number): Promise<Remembered | undefined>;
  completeKey(project: string, key: string, status: number, body: string): Promise<void>;
  /** Forgets a claim whose request did nothing. */
  releaseKey(project: string, key: string): Promise<void>;
  forgetKeysBefore(at: number): Promise<void>;

  /** Removes sandboxes that ended before this time, and executions, which may belong to a sandbox that still runs. */
  forgetEndedBefore(at: number): Promise<void>;
  /** Removes what ended longest ago, beyond this number of sandboxes and of executions of each project. */
  forgetEndedBeyond(rows: number): Promise<void>;

  auditChain(): Promise<AuditChain>;
  setAuditHead(head: AuditHead): Promise<void>;
  setAuditSynced(seq: number): Promise<void>;
  setAuditBoot(boot: string): Promise<void>;
  setAuditBase(base: AuditHead): Promise<void>;
  close(): Promise<void>;
}

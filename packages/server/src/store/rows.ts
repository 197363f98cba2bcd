import { LEVELS, type Level, type Policy } from "bulkhead";
import { Memo } from "../memo.js";
import { type Floor, floorSchema } from "../tenants/floor.js";
import { type QuotaLimits, quotaSchema } from "../tenants/quotas.js";
import { scopesSchema } from "../tenants/scopes.js";
import type { Row } from "./sqlite-module.js";
import {
  type AuditChain,
  type ExecutionRow,
  type ExecutionState,
  type Project,
  SANDBOX_STATES,
  type SandboxRow,
  type SandboxState,
  type TemplateEntry,
  type TemplateRow,
  type TokenRow,
} from "./store.js";

const EXECUTION_STATES: readonly ExecutionState[] = ["running", "ended", "lost"];

/** Each request reads its project. */
const floors = new Memo<Floor>();
const quotas = new Memo<QuotaLimits>();

export function projectOf(row: Row): Project {
  const [floor, quota] = [text(row, "floor"), text(row, "quotas")];
  return {
    id: text(row, "id"),
    organisation: text(row, "organisation"),
    name: text(row, "name"),
    // A floor that cannot be read must not count as none.
    floor: floors.of(floor, () => floorSchema.parse(JSON.parse(floor))),
    quotas: quotas.of(quota, () => quotaSchema.parse(JSON.parse(quota))),
    createdAt: whole(row, "created_at"),
  };
}

export function tokenOf(row: Row): TokenRow {
  return {
    id: text(row, "id"),
    project: text(row, "project"),
    name: text(row, "name"),
    scopes: scopesSchema.parse(JSON.parse(text(row, "scopes"))),
    hash: bytes(row, "hash"),
    createdAt: whole(row, "created_at"),
    expiresAt: wholeOrNull(row, "expires_at"),
    revokedAt: wholeOrNull(row, "revoked_at"),
  };
}

export function sandboxOf(row: Row): SandboxRow {
  return {
    id: text(row, "id"),
    project: text(row, "project"),
    state: oneOf<SandboxState>(row, "state", SANDBOX_STATES),
    level: oneOf<Level>(row, "level", LEVELS),
    template: textOrNull(row, "template"),
    policyDigest: text(row, "policy_digest"),
    createdAt: whole(row, "created_at"),
    expiresAt: whole(row, "expires_at"),
    endedAt: wholeOrNull(row, "ended_at"),
    reason: textOrNull(row, "reason"),
  };
}

export function executionOf(row: Row): ExecutionRow {
  return {
    id: text(row, "id"),
    project: text(row, "project"),
    sandbox: text(row, "sandbox"),
    state: oneOf<ExecutionState>(row, "state", EXECUTION_STATES),
    createdAt: whole(row, "created_at"),
    endedAt: wholeOrNull(row, "ended_at"),
    result: textOrNull(row, "result"),
  };
}

/** Nothing trusts the policy: it is bounded and checked again at each use. */
export function templateOf(row: Row): TemplateRow {
  return {
    project: text(row, "project"),
    name: text(row, "name"),
    policy: JSON.parse(text(row, "policy")) as Policy,
    pool: whole(row, "pool"),
    createdAt: whole(row, "created_at"),
  };
}

export function templateEntryOf(row: Row): TemplateEntry {
  return { name: text(row, "name"), pool: whole(row, "pool"), createdAt: whole(row, "created_at") };
}

export function auditChainOf(row: Row): AuditChain {
  return {
    key: bytes(row, "key"),
    head: { seq: whole(row, "seq"), hash: text(row, "hash") },
    synced: whole(row, "synced"),
    boot: text(row, "boot"),
    base: { seq: whole(row, "base_seq"), hash: text(row, "base_hash") },
  };
}

function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw damaged(column);
  return value;
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw damaged(column);
  return value;
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function whole(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw damaged(column);
  return value;
}

export function wholeOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : whole(row, column);
}

function oneOf<Name extends string>(row: Row, column: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === row[column]);
  if (found === undefined) throw damaged(column);
  return found;
}

function damaged(column: string): Error {
  return new Error(`the database is damaged: column ${column}`);
}

import type { Explanation, RunResult } from "bulkhead";
import type { ExecutionView } from "../operations/executions.js";
import type { SandboxPage } from "../operations/sandboxes.js";
import type { Cursor, Project, SandboxRow, TemplateEntry, TemplateRow, TokenRow } from "../store/store.js";

/** Each object as the API shows it: fields are listed, so that a new field of a row stays inside. */

export function sandboxView(row: SandboxRow) {
  const { id, state, level, template, policyDigest, createdAt, expiresAt, endedAt, reason } = row;
  const times = { createdAt: time(createdAt), expiresAt: time(expiresAt), endedAt: timeOrNull(endedAt) };
  return { id, state, level, template, policyDigest, ...times, reason };
}

export function pageView({ sandboxes, next }: SandboxPage) {
  return { sandboxes: sandboxes.map(sandboxView), next: next === null ? null : cursorText(next) };
}

export function executionView({ row, result }: ExecutionView) {
  const { id, sandbox, state, createdAt, endedAt } = row;
  return { id, sandbox, state, createdAt: time(createdAt), endedAt: timeOrNull(endedAt), result };
}

export function runView(result: RunResult) {
  const { exitCode, signal, stdout, stderr, timedOut, outputTruncated, notFound, notExecutable, durationMs } = result;
  const { oomKilled, pidsExceeded, diskFull, cpuMs, maxRssBytes, level, enforcement, notes, lowered } = result;
  return {
    ...{ exitCode, signal, stdout, stderr, timedOut, outputTruncated, notFound, notExecutable, durationMs },
    ...{ oomKilled, pidsExceeded, diskFull, cpuMs, maxRssBytes, level, enforcement, notes, lowered },
  };
}

/** Without the plan, which names host paths. */
export function explanationView({ level, enforcement, unmet, notes, lowered }: Explanation) {
  return { level, enforcement, unmet, notes, lowered };
}

export function tokenView({ id, project, name, scopes, createdAt, expiresAt, revokedAt }: TokenRow) {
  const times = { createdAt: time(createdAt), expiresAt: timeOrNull(expiresAt), revokedAt: timeOrNull(revokedAt) };
  return { id, project, name, scopes, ...times };
}

export function templateView({ policy, ...entry }: TemplateRow) {
  return { ...templateEntryView(entry), policy };
}

export function templateEntryView({ name, pool, createdAt }: TemplateEntry) {
  return { name, pool, createdAt: time(createdAt) };
}

export function projectView({ id, organisation, name, floor, quotas, createdAt }: Project) {
  return { id, organisation, name, floor, quotas, createdAt: time(createdAt) };
}

/** The place of a page as text that clients pass back. */
export function cursorText({ createdAt, id }: Cursor): string {
  return Buffer.from(`${createdAt} ${id}`).toString("base64url");
}

/** Null for a text that no page gave. */
export function readCursor(text: string): Cursor | null {
  const [, createdAt, id] = /^(\d{1,15}) (\w{1,64})$/.exec(Buffer.from(text, "base64url").toString()) ?? [];
  return createdAt === undefined || id === undefined ? null : { createdAt: Number(createdAt), id };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : time(ms);
}

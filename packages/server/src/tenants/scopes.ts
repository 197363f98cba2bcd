import { BulkheadError } from "bulkhead";
import * as z from "zod";

/**
 * What a token may do in its project; `projects:write` and `metrics:read` are the operator's, and reach beyond one
 * project.
 */
export const SCOPES = ["sandboxes:read", "sandboxes:write", "tokens:write", "projects:write", "metrics:read"] as const;

export type Scope = (typeof SCOPES)[number];

export const scopesSchema = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);

/** @throws BulkheadError SCOPE_MISSING */
export function requireScope(scopes: readonly Scope[], needed: Scope): void {
  if (!scopes.includes(needed)) throw new BulkheadError("SCOPE_MISSING", { detail: needed });
}

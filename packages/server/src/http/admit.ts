import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { Refused } from "../audit/refusals.js";
import type { Platform } from "../operations/platform.js";
import { requireScope } from "../tenants/scopes.js";
import { authenticate, type Caller, tokenNamedBy } from "../tenants/tokens.js";
import type { Route } from "./route.js";

const callers = new WeakMap<IncomingMessage, Caller>();

/** The caller of a request, once. */
export async function admit(request: FastifyRequest, platform: Platform, { scope }: Route): Promise<Caller> {
  const known = callers.get(request.raw);
  if (known !== undefined) return known;
  const { store, quotas } = platform.core;
  const caller = await authenticate(store, request.headers.authorization, request.ip, Date.now());
  // Before it is admitted: the audit log names whose request was refused.
  callers.set(request.raw, caller);
  quotas.request(caller.project, Date.now());
  requireScope(caller.scopes, scope);
  return caller;
}

/** Whose request failed, as far as is known: a refused token may still be one of a project. */
export function refusedOf(error: unknown, { raw, ip: address }: FastifyRequest): Refused {
  const caller = callers.get(raw);
  if (caller !== undefined) return { project: caller.project.id, token: caller.token, address };
  const named = tokenNamedBy(error);
  return { project: named?.project ?? null, token: named?.id ?? null, address };
}

import { BulkheadError } from "bulkhead";
import * as z from "zod";
import { type Route, route } from "../route.js";
import * as schemas from "../schemas.js";
import { explanationView, pageView, readCursor, sandboxView } from "../views.js";

const params = z.strictObject({ id: schemas.sandboxId });

export const sandboxRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/explain",
    operation: "explain",
    summary: "What a policy means on this server, without starting anything",
    scope: "sandboxes:read",
    body: schemas.explainPolicy,
    answers: { 200: schemas.explanation },
    handle: async ({ platform, caller, body }) => ({
      status: 200,
      json: explanationView(await platform.explain(caller, body)),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/sandboxes",
    operation: "createSandbox",
    summary: "Create a sandbox that lasts until it expires or is killed",
    scope: "sandboxes:write",
    body: schemas.createSandbox,
    idempotent: true,
    answers: { 201: schemas.sandbox },
    handle: async ({ platform, caller, body, abort }) => ({
      status: 201,
      json: sandboxView(await platform.sandboxes.create(caller, body, abort.signal)),
    }),
  }),
  route({
    method: "GET",
    path: "/v1/sandboxes",
    operation: "listSandboxes",
    summary: "List sandboxes, the newest first, those that have ended included",
    scope: "sandboxes:read",
    query: schemas.page,
    answers: { 200: schemas.sandboxPage },
    handle: async ({ platform, caller, query }) => {
      const { limit, after, state = null } = query;
      const cursor = after === undefined ? null : readCursor(after);
      if (after !== undefined && cursor === null) {
        throw new BulkheadError("API_REQUEST_INVALID", { detail: "after: `next` of the page before" });
      }
      return { status: 200, json: pageView(await platform.sandboxes.list(caller.project.id, limit, cursor, state)) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/sandboxes/{id}",
    operation: "getSandbox",
    summary: "One sandbox: its state, and why it ended",
    scope: "sandboxes:read",
    params,
    answers: { 200: schemas.sandbox },
    handle: async ({ platform, caller, params: { id } }) => ({
      status: 200,
      json: sandboxView(await platform.sandboxes.get(caller.project.id, id)),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/sandboxes/{id}/extend",
    operation: "extendSandbox",
    summary: "Let a sandbox live for this long from now",
    scope: "sandboxes:write",
    params,
    body: schemas.extendSandbox,
    answers: { 200: schemas.sandbox },
    handle: async ({ platform, caller, params: { id }, body: { ttlMs } }) => ({
      status: 200,
      json: sandboxView(await platform.sandboxes.extend(caller, id, ttlMs)),
    }),
  }),
  route({
    method: "DELETE",
    path: "/v1/sandboxes/{id}",
    operation: "killSandbox",
    summary: "Kill everything in a sandbox, and answer when nothing of it is left",
    scope: "sandboxes:write",
    params,
    answers: { 200: schemas.sandbox },
    handle: async ({ platform, caller, params: { id } }) => ({
      status: 200,
      json: sandboxView(await platform.sandboxes.kill(caller, id)),
    }),
  }),
];

import type { Readable } from "node:stream";
import { BulkheadError } from "bulkhead";
import * as z from "zod";
import type { ProgramEvent } from "../operations/output.js";
import type { Platform } from "../operations/platform.js";
import type { Scope } from "../tenants/scopes.js";
import type { Caller } from "../tenants/tokens.js";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** What a handler gets: everything checked against the schemas of its route. */
export interface ApiRequest<Params, Query, Body> {
  readonly platform: Platform;
  readonly caller: Caller;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Of a route that takes bytes. */
  readonly bytes: Readable;
  /** Whether the client asks for a stream of events. */
  readonly wantsEvents: boolean;
  /** Of the last event that the client has, where it resumes a stream. */
  readonly lastEventId: string | null;
  /** Aborted when the client is gone; aborting it ends the answer. */
  readonly abort: AbortController;
}

export type Answer =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: 204 }
  | { readonly status: 200; readonly bytes: Readable }
  | { readonly status: 200; readonly text: string }
  | { readonly status: 200; readonly events: AsyncIterable<ProgramEvent> }
  | { readonly status: 200; readonly feed: AsyncIterable<FeedEvent> };

/** An event of a stream that a client can resume: it sends the id of the last one that it has. */
export interface FeedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** What comes from the network, before any check. */
export type RawRequest = ApiRequest<unknown, unknown, unknown>;

/** One operation of the API; the document is generated from the same table that serves requests. */
export interface Route {
  readonly method: Method;
  /** In the form of OpenAPI: `/v1/sandboxes/{id}`. */
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Null: no body; `bytes`: any, as application/octet-stream. */
  readonly body: z.ZodType | "bytes" | null;
  /** By status; `bytes` for a file, `text` for metrics, `feed` for events that a client can resume. */
  readonly answers: Readonly<Record<number, z.ZodType | "bytes" | "text" | "feed" | null>>;
  /** Whether it accepts `Idempotency-Key`. */
  readonly idempotent: boolean;
  /** Whether the answer can be a stream of events. */
  readonly streams: boolean;
  readonly handle: (request: RawRequest) => Promise<Answer>;
}

interface Definition<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType> {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body | "bytes";
  readonly idempotent?: boolean;
  readonly streams?: boolean;
  readonly handle: (request: ApiRequest<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<Answer>;
}

type Named = Pick<Route, "method" | "path" | "operation" | "summary" | "scope" | "answers">;

const NONE = z.strictObject({});

/** A route whose handler gets only requests that match its schemas. */
export function route<
  Params extends z.ZodObject = typeof NONE,
  Query extends z.ZodObject = typeof NONE,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: Named & Definition<Params, Query, Body>): Route {
  const { params, query, body, idempotent = false, streams = false, handle, ...named } = definition;
  return {
    ...named,
    params: params ?? NONE,
    query: query ?? NONE,
    body: body ?? null,
    idempotent,
    streams,
    handle: async (raw) =>
      await handle({
        ...raw,
        params: checked(params ?? NONE, raw.params, "") as z.output<Params>,
        query: checked(query ?? NONE, raw.query, "") as z.output<Query>,
        body: (body === undefined || body === "bytes" ? undefined : checked(body, raw.body, "body")) as z.output<Body>,
      }),
  };
}

/** @throws BulkheadError API_REQUEST_INVALID with every problem and its field */
function checked(schema: z.ZodType, value: unknown, where: string): unknown {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const lines = outcome.error.issues.map(
    ({ path, message }) => `${[where, ...path].filter(String).join(".")}: ${message}`,
  );
  throw new BulkheadError("API_REQUEST_INVALID", { detail: lines.slice(0, 20).join("\n") });
}

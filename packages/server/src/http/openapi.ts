import { policyJsonSchema } from "bulkhead/policy";
import * as z from "zod";
import type { Route } from "./route.js";
import { policy, problem } from "./schemas.js";

type Json = Readonly<Record<string, unknown>>;

const JSON_TYPE = "application/json";
/** Also the type of the answer itself. */
export const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: Json = { "text/plain": { schema: { type: "string" } } };
const FEED: Json = { "text/event-stream": { schema: { type: "string" } } };
const BYTES: Json = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };

const LAST_EVENT: Json = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  schema: { type: "string", maxLength: 64 },
  description: "The id of the last event that the client has: the stream continues after it",
};

/** The OpenAPI 3.1 document of the routes, from the schemas that also check requests. */
export async function openApi(routes: readonly Route[]): Promise<Json> {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = operationOf(route);
    paths[route.path] = operations;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Bulkhead",
      version: "1",
      description: "Run code that you do not fully trust. Errors are problem+json (RFC 9457) with a stable `code`.",
    },
    paths,
    components: {
      schemas: { Policy: await policyJsonSchema(), Problem: schemaOf(problem, "output") },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
    security: [{ token: [] }],
  };
}

function operationOf(route: Route): Json {
  const { operation, summary, scope, idempotent, streams, body } = route;
  const header = { name: "Idempotency-Key", in: "header", required: false, schema: { type: "string", maxLength: 128 } };
  const parameters = [
    ...parametersOf(route.params, "path"),
    ...parametersOf(route.query, "query"),
    ...(idempotent ? [header] : []),
    ...(Object.values(route.answers).includes("feed") ? [LAST_EVENT] : []),
  ];
  return {
    operationId: operation,
    summary,
    description: `Scope: \`${scope}\`.${streams ? " With `Accept: text/event-stream` the answer is a stream of events: `start`, `stdout` and `stderr` with base64 `data`, then `result` or `error`." : ""}`,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: { required: true, content: contentOf(body, "input") } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer, streams)]),
      ),
      default: {
        description: "The request failed",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function answerOf(answer: Route["answers"][number], streams: boolean): Json {
  if (answer === undefined || answer === null) return { description: "Done" };
  if (answer === "feed") return { description: "Events, each with an id", content: FEED };
  if (answer === "text") return { description: "Done", content: TEXT };
  const events = streams ? { "text/event-stream": { schema: { type: "string" } } } : {};
  return { description: "Done", content: { ...contentOf(answer, "output"), ...events } };
}

function contentOf(body: z.ZodType | "bytes", io: "input" | "output"): Json {
  return body === "bytes" ? BYTES : { [JSON_TYPE]: { schema: schemaOf(body, io) } };
}

function parametersOf(object: z.ZodObject, where: "path" | "query"): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(object, "input") as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    schema,
  }));
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === policy) jsonSchema.$ref = "#/components/schemas/Policy";
    },
  });
  return rest;
}

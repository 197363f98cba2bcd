import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { BulkheadError } from "bulkhead";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, LogController } from "fastify";
import type { Platform } from "../operations/platform.js";
import { admit } from "./admit.js";
import { BYTES_TYPE, UPLOAD_BYTES, uploadOf } from "./bytes.js";
import { eventStream, feedStream } from "./events.js";
import { endStalled, Failures, PROBLEM_TYPE } from "./failures.js";
import type { HostGuard } from "./guard.js";
import { once } from "./idempotency.js";
import { openApi, TEXT_TYPE } from "./openapi.js";
import type { Answer, RawRequest, Route } from "./route.js";
import { routes } from "./routes.js";

const JSON_BYTES = 2 * 1024 * 1024;
const JSON_TYPE = "application/json";
const HEADER_BYTES = 16 * 1024;
const HEADERS_MS = 10_000;
/** For a whole request with its body: a slow client does not hold a connection for ever. */
const REQUEST_MS = 300_000;
/** How often Node looks for requests that took too long. */
const CHECK_MS = 2_000;
/** A larger answer counts against the quota of the project until the client has it. */
const SMALL_ANSWER = 64 * 1024;
const MAX_CONNECTIONS = 4096;

export interface AppOptions {
  readonly platform: Platform;
  readonly guard: HostGuard;
  /** A proxy in front adds the client's address. */
  readonly behindProxy: boolean;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Where the log goes: one JSON object a line. */
  readonly log: NodeJS.WritableStream;
}

/** The HTTP form of the platform's operations. It does not listen yet. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { platform, guard, behindProxy, tls, log } = options;
  const failures = new Failures(platform.core);
  const app = fastify({
    bodyLimit: JSON_BYTES,
    // No id is that long; the schemas refuse it with the rest.
    routerOptions: { maxParamLength: HEADER_BYTES },
    // Fastify would read the whole file for a HEAD, at full speed, and with no client to wait for.
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => {
      failures.send(error, request, reply);
    },
    // Only the proxy that connects to this server; what is further away may say anything.
    trustProxy: behindProxy ? (_address, hop) => hop === 0 : false,
    // Neither headers nor addresses of requests: a token or a path may be in them.
    logController: new LogController({ disableRequestLogging: true }),
    logger: { stream: log, base: null },
    genReqId: () => crypto.randomUUID(),
    requestIdHeader: false,
    serverFactory: (handler) => listener(handler as RequestListener, tls),
  });
  // The body of an upload is read by its handler, in pieces.
  app.addContentTypeParser(BYTES_TYPE, { bodyLimit: UPLOAD_BYTES }, (_request, _payload, done) => done(null));
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async ({ headers: { host, origin }, is404 }, reply) => {
    reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    guard.check(host, origin);
    // Before the body is read, which needs no token where there is no route.
    if (is404) throw new BulkheadError("API_NOT_FOUND");
  });
  app.setErrorHandler((error, request, reply) => failures.send(error, request, reply));
  app.setNotFoundHandler((request, reply) => failures.send(new BulkheadError("API_NOT_FOUND"), request, reply));
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const { statusCode: status, elapsedTime } = reply;
    request.log.info({ method, route: routeOptions.url, status, ms: Math.round(elapsedTime) });
    const route = routeOptions.url === undefined ? "none" : `${method} ${routeOptions.url}`;
    platform.core.metrics.answered(route, status, elapsedTime);
  });
  const document = await openApi(routes);
  app.get("/v1/openapi.json", async () => document);
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const isReady = !platform.core.work.isStopping;
    return await reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "stopping" });
  });
  for (const route of routes) addRoute(app, platform, failures, route);
  return app;
}

function listener(handler: RequestListener, tls: AppOptions["tls"]) {
  const times = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS };
  const bounds = { maxHeaderSize: HEADER_BYTES, ...times };
  const server =
    tls === null
      ? createServer(bounds, handler)
      : createTlsServer({ ...bounds, ...tls, minVersion: "TLSv1.2", handshakeTimeout: HEADERS_MS }, handler);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function addRoute(app: FastifyInstance, platform: Platform, failures: Failures, route: Route): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    handler: async (request, reply) => {
      const caller = await admit(request, platform, route);
      const abort = new AbortController();
      whenOver(request, reply, () => {
        if (!reply.raw.writableFinished) abort.abort();
      });
      const answer = await answerOf(request, { platform, caller, abort }, route);
      const hold = (bytes: number) => platform.core.quotas.hold(caller.project, bytes);
      await send(answer, { request, reply, failures, hold });
      return reply;
    },
    // Before the body is read: only a caller may make the server hold one.
    onRequest: async (request, reply) => {
      const { project } = await admit(request, platform, route);
      whenOver(request, reply, platform.core.quotas.begin(project, Date.now()));
    },
  });
}

/** Once the answer is sent, or the client gone: Node tells an answer that waits for an earlier one nothing of that. */
function whenOver({ raw: { socket } }: FastifyRequest, { raw }: FastifyReply, action: () => void): void {
  const over = () => {
    socket.off("close", over);
    raw.off("close", over);
    action();
  };
  if (socket.destroyed || raw.closed) {
    action();
    return;
  }
  // A client may send requests before it has the answers to earlier ones, and each of them listens.
  socket.setMaxListeners(0);
  socket.once("close", over);
  raw.once("close", over);
}

async function answerOf(
  request: FastifyRequest,
  { platform, caller, abort }: Pick<RawRequest, "platform" | "caller" | "abort">,
  route: Route,
): Promise<Answer> {
  const { params, query, body, headers } = request;
  const wantsEvents = route.streams && /^text\/event-stream\b/.test(headers.accept ?? "");
  const bytes = uploadOf(request, route.body === "bytes");
  const last = headers["last-event-id"];
  const lastEventId = typeof last === "string" ? last : null;
  const raw = { platform, caller, abort, params, query, body, wantsEvents, lastEventId, bytes };
  const key = headers["idempotency-key"];
  if (key === undefined) return await route.handle(raw);
  if (!route.idempotent || wantsEvents || typeof key !== "string") {
    throw new BulkheadError("API_REQUEST_INVALID", { detail: "Idempotency-Key: this request cannot have one" });
  }
  const asked = { operation: route.operation, params, query, body };
  const keyed = { store: platform.core.store, project: caller.project.id, key, instance: request.id, request: asked };
  return await once(keyed, async () => await route.handle(raw));
}

interface Sending {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly failures: Failures;
  /** Counts bytes against the quota of the caller's project. */
  readonly hold: (bytes: number) => void;
}

async function send(answer: Answer, { request, reply, failures, hold }: Sending): Promise<void> {
  reply.code(answer.status);
  endStalled(reply);
  if ("json" in answer) {
    const text = JSON.stringify(answer.json);
    if (text.length > SMALL_ANSWER) {
      hold(text.length);
      whenOver(request, reply, () => hold(-text.length));
    }
    // A kept failure of an earlier request is a problem.
    await reply.type(answer.status >= 400 ? PROBLEM_TYPE : JSON_TYPE).send(text);
  } else if ("bytes" in answer) {
    await reply.type(BYTES_TYPE).send(answer.bytes);
  } else if ("text" in answer) {
    await reply.type(TEXT_TYPE).send(answer.text);
  } else if ("events" in answer || "feed" in answer) {
    const told = (error: unknown) => failures.told(error, request);
    const stream = "feed" in answer ? feedStream(answer.feed) : eventStream(answer.events, told);
    await reply.type("text/event-stream").header("x-accel-buffering", "no").send(stream);
  } else await reply.send();
}

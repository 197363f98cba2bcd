import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isRefusal, Refusal, reasonOf } from "../forward/refusal.js";
import { inject, isFor, placesOf } from "../secrets/inject.js";
import type { Conversation } from "./conversation.js";
import { checkHost, endToEnd } from "./headers.js";
import { whenGone } from "./waiting.js";

/** Answers one request by asking the permitted host. Never rejects: a failure is an answer, or ends the response. */
export async function exchange(
  conversation: Conversation,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { note, budget, redactor } = conversation.parts;
  const seen = { method: request.method ?? "", path: bare(request.url ?? "") };
  try {
    const prepared = prepare(conversation, request);
    const outgoing = httpRequest(prepared.options);
    outgoing.setTimeout(budget.idleMs, () =>
      outgoing.destroy(new Refusal("nothing moved for too long", { status: 504 })),
    );
    using _leaving = whenGone(request.socket, () =>
      outgoing.destroy(new Refusal("the client went away", { status: 502 })),
    );
    const answered = answer(outgoing);
    answered.catch(() => undefined);
    const sending = hasBody(request) ? pipeline(request, budget.meter("out"), outgoing) : end(request, outgoing);
    let hasAnswered = false;
    sending.catch((error: Error) => {
      // A host that has answered need not read the rest; its answer is forwarded.
      if (!hasAnswered) outgoing.destroy(error);
    });
    const incoming = await answered;
    hasAnswered = true;
    const headers = endToEnd(incoming.rawHeaders).map(([name, value]) => [redactor.text(name), redactor.text(value)]);
    if (!redactor.isIdle) checkReadable(incoming);
    response.sendDate = false;
    response.writeHead(incoming.statusCode ?? 502, headers.flat());
    response.flushHeaders();
    const covered = redactor.isIdle ? new PassThrough() : redactor.stream();
    note({ ...seen, rule: prepared.rule, refused: false, reason: prepared.reason, secrets: prepared.secrets });
    await pipeline(incoming, covered, budget.meter("in"), response);
  } catch (error) {
    note({
      ...seen,
      rule: error instanceof Refusal ? error.rule : null,
      refused: isRefusal(error),
      reason: reasonOf(error),
      secrets: [],
    });
    refuse(response, error);
  }
}

/** The request to send to the host. Throws a Refusal. */
export function prepare(conversation: Conversation, request: IncomingMessage) {
  const { decision, scheme, permit, secrets, redactor } = conversation.parts;
  const { target, port, name } = decision;
  const method = request.method ?? "";
  const path = request.url ?? "";
  if (method === "TRACE" || method === "CONNECT") throw new Refusal(`${method} is never passed on`, { status: 405 });
  if (!path.startsWith("/") && !(path === "*" && method === "OPTIONS"))
    throw new Refusal("not a path", { status: 400 });
  if (hasUnknownCoding(request)) throw new Refusal("only chunked is known as a transfer coding", { status: 501 });
  checkHost(request.rawHeaders, name, port, scheme === "https" ? 443 : 80);
  const rule = permit(method, path);
  const injected = inject(endToEnd(request.rawHeaders), secrets, target, port, scheme === "https");
  if (!injected.derived.every((text) => redactor.add(text))) throw new Refusal("too many different credentials");
  // In a partial or compressed answer an echoed secret could not be found.
  const guarded = secrets.some((secret) => isFor(secret, target, port));
  const headers = injected.headers.filter(
    ([header]) => !guarded || !/^(range|if-range|accept-encoding)$/i.test(header),
  );
  const own = [
    ...(guarded ? [["Accept-Encoding", "identity"] as const] : []),
    ...(request.headers["transfer-encoding"] === undefined ? [] : [["Transfer-Encoding", "chunked"] as const]),
  ];
  const inPath = secrets.filter(({ placeholder }) => path.includes(placeholder)).map(({ name }) => name);
  const named = new Set([...injected.astray, ...inPath]);
  const astray = secrets
    .filter((secret) => named.has(secret.name))
    .map((secret) => `${secret.name}, which is for ${placesOf(secret)}`);
  return {
    rule,
    secrets: injected.secrets,
    reason:
      astray.length === 0 ? null : `it carries the placeholder of ${astray.join("; and of ")}, and for no other place`,
    options: {
      method,
      path,
      headers: [...headers, ...own].flat(),
      setHost: false,
      agent: conversation.agent,
      host: name,
      port,
    },
  };
}

async function answer(outgoing: ClientRequest): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
    outgoing.once("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new Refusal("the host switched protocols without being asked", { status: 502 }));
    });
  });
}

/** A body that is compressed nevertheless cannot be searched. */
function checkReadable(incoming: IncomingMessage): void {
  const { "content-encoding": coding = "identity", "transfer-encoding": transfer = "chunked" } = incoming.headers;
  if (!/^(identity)?$/i.test(coding) || !/^chunked$/i.test(transfer)) {
    incoming.destroy();
    throw new Refusal("the answer is compressed, so secrets in it could not be found", { status: 502 });
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function hasUnknownCoding({ headers }: IncomingMessage): boolean {
  return (headers["transfer-encoding"] ?? "chunked").toLowerCase() !== "chunked";
}

async function end(request: IncomingMessage, outgoing: ClientRequest): Promise<void> {
  request.resume();
  outgoing.end();
}

/** Without the query. */
function bare(path: string): string {
  return path.split("?", 1)[0]?.slice(0, 1024) ?? "";
}

/** Answers the client with a refusal, in our own words. */
export function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = error instanceof Refusal ? error.status : 502;
  const text = `bulkhead: ${reasonOf(error)}\n`;
  response.writeHead(status, {
    "content-type": "text/plain",
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  response.end(text);
}

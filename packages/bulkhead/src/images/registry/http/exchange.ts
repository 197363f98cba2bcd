import * as http from "node:http";
import * as https from "node:https";
import { defined } from "../../../values/defined.js";
import type { Endpoint } from "../endpoint.js";
import { networkFailure, TransientFailure } from "../failure.js";
import type { Local } from "../local.js";
import { type ProxySettings, proxyAuthorization, proxyFor } from "../proxy/choose.js";
import { openToProxy, refusalOf, type Through, TunnelAgent } from "../proxy/tunnel.js";
import type { ClientSettings } from "../settings.js";
import { Trust } from "../tls/trust.js";
import { checkBehindProxy, checkLiteral, guardedLookup } from "./lookup.js";

/** The server to ask, and the time limits. */
export interface Line {
  readonly endpoint: Endpoint;
  readonly agents: Agents;
  readonly headMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  /** Where it came from. */
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Read it to its end or destroy it. */
  readonly body: http.IncomingMessage;
  /** Signal of the caller. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Connections kept for the next request, for one endpoint only, because the endpoint decides which addresses are
 * allowed.
 */
export class Agents implements Disposable {
  readonly http = new http.Agent({ keepAlive: true, maxSockets: 16 });
  readonly https = new https.Agent({ keepAlive: true, maxSockets: 16 });
  readonly trust: Trust;
  readonly #proxy: ProxySettings;
  readonly #headMs: number;
  readonly #tunnels = new Map<string, TunnelAgent>();

  constructor(endpoint: Endpoint, { proxy, timing }: ClientSettings, local: Local) {
    this.trust = new Trust(endpoint, local);
    this.#proxy = proxy;
    this.#headMs = timing.headMs;
  }

  /** The proxy for a URL. Throws REGISTRY_PROXY, REGISTRY_CERTIFICATES. */
  async throughFor(url: URL): Promise<Through | undefined> {
    const proxy = proxyFor(url, this.#proxy);
    if (proxy === undefined) return undefined;
    const context = proxy.protocol === "https:" ? await this.trust.contextFor(proxy) : undefined;
    return { proxy, context, headMs: this.#headMs };
  }

  tunnel(through: Through): TunnelAgent {
    const known = this.#tunnels.get(through.proxy.href) ?? new TunnelAgent(through);
    this.#tunnels.set(through.proxy.href, known);
    return known;
  }

  [Symbol.dispose](): void {
    for (const agent of [this.http, this.https, ...this.#tunnels.values()]) agent.destroy();
  }
}

/**
 * One request and the head of its answer; a redirect is an answer like any other. Throws TransientFailure,
 * REGISTRY_UNSAFE, REGISTRY_UNAVAILABLE, REGISTRY_UNTRUSTED, REGISTRY_PROXY, REGISTRY_CERTIFICATES, ABORTED.
 */
export async function exchange(
  line: Line,
  url: URL,
  headers: http.OutgoingHttpHeaders,
  payload?: string,
): Promise<Answer> {
  checkLiteral(line.endpoint, url);
  const through = await line.agents.throughFor(url);
  if (through !== undefined) await checkBehindProxy(line.endpoint, url);
  const secureContext = url.protocol === "https:" ? await line.agents.trust.contextFor(url) : undefined;
  const options: https.RequestOptions = {
    method: payload === undefined ? "GET" : "POST",
    lookup: guardedLookup(line.endpoint, url),
    // A compressed body would be decompressed here, without a count of the output; blobs come as they are.
    headers: { "accept-encoding": "identity", "user-agent": "bulkhead", ...headers },
    ...defined({ secureContext, signal: line.signal }),
  };
  try {
    const answer = await send(line, url, () => open(line, url, options, through), payload);
    if (through === undefined || url.protocol === "https:" || answer.status !== 407) return answer;
    answer.body.destroy();
    throw refusalOf(answer.status, through.proxy);
  } catch (error) {
    throw networkFailure(error, url);
  }
}

/** A request that has not been sent yet. */
function open(
  { agents }: Line,
  url: URL,
  options: https.RequestOptions,
  through: Through | undefined,
): http.ClientRequest {
  if (url.protocol === "https:") {
    return https.request(url, { ...options, agent: through === undefined ? agents.https : agents.tunnel(through) });
  }
  if (through === undefined) return http.request(url, { ...options, agent: agents.http });
  const { proxy, context } = through;
  const headers = { ...(options.headers as http.OutgoingHttpHeaders), host: url.host, ...proxyAuthorization(proxy) };
  const { lookup: _, ...rest } = options;
  return openToProxy(proxy, {
    ...rest,
    path: url.href,
    headers,
    agent: false,
    ...defined({ secureContext: context }),
  });
}

function send({ headMs, signal }: Line, url: URL, begin: () => http.ClientRequest, payload?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = begin();
    const timer = setTimeout(() => request.destroy(new TransientFailure({ detail: "no answer" })), headMs);
    request.once("response", (body) => {
      clearTimeout(timer);
      resolve({ url, status: body.statusCode ?? 0, headers: body.headers, body, signal });
    });
    // This listener stays: an error after the head belongs to the body too, and must not crash the process.
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(payload);
  });
}

import * as http from "node:http";
import * as https from "node:https";
import type { Endpoint } from "../endpoint.js";
import { networkFailure, TransientFailure } from "../failure.js";
import { checkLiteral, guardedLookup } from "./lookup.js";

/** Who answers, and how long it may take. */
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
  /** Must be read to its end or destroyed. */
  readonly body: http.IncomingMessage;
  /** Of whoever asked. */
  readonly signal: AbortSignal | undefined;
}

/** Connections that are kept for the next request. Of one endpoint only, since who may be connected to depends on it. */
export class Agents implements Disposable {
  readonly http = new http.Agent({ keepAlive: true, maxSockets: 16 });
  readonly https = new https.Agent({ keepAlive: true, maxSockets: 16, minVersion: "TLSv1.2" });

  [Symbol.dispose](): void {
    this.http.destroy();
    this.https.destroy();
  }
}

/**
 * One request and the head of its answer; redirects are answers like any other. Throws TransientFailure,
 * REGISTRY_UNSAFE, REGISTRY_UNAVAILABLE, ABORTED.
 */
export async function exchange(
  line: Line,
  url: URL,
  headers: http.OutgoingHttpHeaders,
  payload?: string,
): Promise<Answer> {
  checkLiteral(line.endpoint, url);
  try {
    return await send(line, url, headers, payload);
  } catch (error) {
    throw networkFailure(error, url);
  }
}

function send(
  { endpoint, agents, headMs, signal }: Line,
  url: URL,
  headers: http.OutgoingHttpHeaders,
  payload?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method: payload === undefined ? "GET" : "POST",
      lookup: guardedLookup(endpoint, url),
      // A compressed body would be decompressed here, where nobody counts what comes out; blobs are what they are.
      headers: { "accept-encoding": "identity", "user-agent": "bulkhead", ...headers },
      ...(signal === undefined ? {} : { signal }),
    };
    const request =
      url.protocol === "https:"
        ? https.request(url, { ...options, agent: agents.https })
        : http.request(url, { ...options, agent: agents.http });
    const timer = setTimeout(() => request.destroy(new TransientFailure({ detail: "no answer" })), headMs);
    request.once("response", (body) => {
      clearTimeout(timer);
      resolve({ url, status: body.statusCode ?? 0, headers: body.headers, body, signal });
    });
    // Stays: an error after the head is the body's too, and must not be thrown at the process.
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(payload);
  });
}

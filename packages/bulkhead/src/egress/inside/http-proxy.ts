import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Gate } from "../gate.js";
import { halfOpenServer } from "../http/half-open.js";
import { wait } from "../http/waiting.js";
import { absoluteTarget, authorityTarget, otherScheme } from "./http-target.js";
import { HANDSHAKE_MS } from "./times.js";

/** Total bytes of a request line and its headers. */
const HEADER_BYTES = 16_384;

/**
 * An HTTP proxy for clients inside: CONNECT, and requests in absolute form. It does not listen; connections are passed
 * to it.
 */
export class HttpProxy {
  readonly #gate: Gate;
  readonly #server: Server;

  constructor(gate: Gate) {
    this.#gate = gate;
    // Node's own parser in its strictest mode: differences between two parsers allow request smuggling.
    this.#server = halfOpenServer({ maxHeaderSize: HEADER_BYTES, insecureHTTPParser: false, requireHostHeader: false });
    for (const event of ["request", "checkExpectation"] as const)
      this.#server.on(event, (request, response) => void this.#request(request, response));
    this.#server.on("connect", (request, client, head) => void this.#connect(request, client, head));
    this.#server.on("clientError", (error: NodeJS.ErrnoException, client) => {
      // A client that is gone, or reset the connection, was refused nothing.
      if (error.code?.startsWith("HPE_") === true && client.writable) {
        const reason = "not a request to a proxy";
        this.#gate.refused({ via: "http", reason: `${reason} (${error.code})` });
        answerRaw(client, error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400, reason);
      } else client.destroy();
    });
  }

  serve(client: Duplex): void {
    waitForHeader(client);
    this.#server.emit("connection", client);
  }

  async #connect(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    stopWaiting(client);
    client.on("error", () => undefined);
    // At once: a client that has sent everything may end meanwhile, and an ended stream takes nothing back.
    if (head.length > 0) client.unshift(head);
    const target = authorityTarget(request.url ?? "");
    if (target === undefined) {
      const reason = "CONNECT takes HOST:PORT";
      this.#gate.refused({ via: "connect", host: request.url ?? "", method: "CONNECT", reason });
      answerRaw(client, 400, reason);
      return;
    }
    const ask = { via: "connect", ...target } as const;
    try {
      const verdict = await this.#gate.decide(ask);
      if (!verdict.allowed) {
        answerRaw(client, 403, verdict.reason);
        return;
      }
      let said = false;
      await this.#gate.forward(ask, verdict, client, new Uint8Array(0), () => {
        said = true;
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      });
      if (!said) answerRaw(client, 502, "the host could not be connected to");
    } catch {
      client.destroy();
    }
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    using place = wait(socket);
    if (place === undefined) {
      this.#gate.refused({ via: "http", host: request.url ?? "", reason: "too many requests wait on one connection" });
      return;
    }
    stopWaiting(socket);
    response.once("close", () => waitForHeader(socket));
    response.on("error", () => undefined);
    const target = absoluteTarget(request.url ?? "");
    if (target === undefined || (request.headers.host === undefined && request.httpVersion !== "1.0")) {
      this.#refuse(request, response);
      return;
    }
    const { scheme: via, ...where } = target;
    const ask = { via, ...where, method: request.method ?? "" } as const;
    try {
      const verdict = await this.#gate.decide(ask);
      if (!verdict.allowed) {
        answer(response, 403, verdict.reason);
        return;
      }
      await this.#gate.request(ask, verdict, request, response);
    } catch {
      socket.destroy();
    }
  }

  /** A URL that cannot be requested here, or a request without Host. */
  #refuse(request: IncomingMessage, response: ServerResponse): void {
    const { url = "", method = "" } = request;
    const scheme = otherScheme(url);
    const [status, reason] =
      scheme === undefined
        ? ([400, "a proxy takes requests with an http:// or https:// URL, or CONNECT"] as const)
        : ([501, `${scheme}:// is not spoken here: a proxy takes http:// and https:// URLs, or CONNECT`] as const);
    this.#gate.refused({ via: "http", host: url, method, reason });
    answer(response, status, reason);
  }
}

/** The unread body makes the connection unusable, so close it. */
function answer(response: ServerResponse, status: number, reason: string): void {
  response.shouldKeepAlive = false;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "proxy-status": "bulkhead" });
  response.end(`bulkhead: ${reason}\n`);
}

function answerRaw(client: Duplex, status: number, reason: string): void {
  if (client.destroyed || !client.writable) return;
  const body = `bulkhead: ${reason}\n`;
  const phrase =
    { 400: "Bad Request", 403: "Forbidden", 431: "Headers Too Large", 502: "Bad Gateway" }[status] ?? "Error";
  client.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nproxy-status: bulkhead\r\nconnection: close\r\n\r\n${body}`,
  );
  // Stop reading from a client that keeps sending.
  setTimeout(() => client.destroy(), 1_000).unref();
}

const timers = new WeakMap<Duplex, NodeJS.Timeout>();

/** Ends a connection on which no complete header arrives: Node's own time-outs are for servers that listen. */
function waitForHeader(client: Duplex): void {
  stopWaiting(client);
  if (client.destroyed) return;
  const timer = setTimeout(() => client.destroy(), HANDSHAKE_MS);
  timers.set(client, timer);
  client.once("close", () => clearTimeout(timer));
}

function stopWaiting(client: Duplex): void {
  clearTimeout(timers.get(client));
}

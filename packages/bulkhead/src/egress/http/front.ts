import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Conversation } from "./conversation.js";
import { exchange, refuse } from "./exchange.js";
import { halfOpenServer } from "./half-open.js";
import { upgrade } from "./upgrade.js";
import { isIdle, wait } from "./waiting.js";

/** A client that does not finish the head of its request occupies a connection. */
const HEAD_MS = 30_000;

interface Served {
  readonly conversation: Conversation;
  deadline: NodeJS.Timeout;
}

/**
 * Reads requests from intercepted connections. Node's own strict parser; requests are written anew before they are
 * forwarded.
 */
export class HttpFront {
  readonly #served = new WeakMap<Duplex, Served>();
  readonly #server: Server;

  constructor() {
    this.#server = halfOpenServer({
      maxHeaderSize: 32 * 1024,
      // Otherwise Node would answer by itself, without a log entry.
      requireHostHeader: false,
      insecureHTTPParser: false,
      keepAlive: false,
    });
    this.#server.maxHeadersCount = 200;
    for (const event of ["request", "checkExpectation"] as const)
      this.#server.on(event, (request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const found = this.#served.get(socket);
      if (found === undefined) {
        socket.destroy();
        return;
      }
      clearTimeout(found.deadline);
      void upgrade(found.conversation, request, socket, head);
    });
    this.#server.on("connect", (_request, socket: Duplex) => {
      this.#noteMalformed(socket, "CONNECT is never passed on");
      socket.destroy();
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
      if (error.code?.startsWith("HPE_") !== true || !socket.writable) {
        socket.destroy();
        return;
      }
      this.#noteMalformed(socket, `not a request of HTTP (${error.code})`);
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      // Stop reading from a client that keeps sending.
      setTimeout(() => socket.destroy(), 1_000).unref();
    });
  }

  /** Serves one connection; resolves when it is over. */
  async serve(socket: Duplex, conversation: Conversation): Promise<void> {
    if (socket.destroyed) return;
    const served: Served = { conversation, deadline: headDeadline(socket) };
    this.#served.set(socket, served);
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    socket.on("error", () => socket.destroy());
    this.#server.emit("connection", socket);
    await closed;
    clearTimeout(served.deadline);
    conversation.close();
  }

  #noteMalformed(socket: Duplex, reason: string): void {
    const note = { method: null, path: null, rule: null, refused: true, reason, secrets: [] };
    this.#served.get(socket)?.conversation.parts.note(note);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = this.#served.get(request.socket);
    if (found === undefined) {
      refuse(response, undefined);
      return;
    }
    {
      using place = wait(request.socket);
      if (place === undefined) {
        this.#noteMalformed(request.socket, "too many requests wait on one connection");
        return;
      }
      clearTimeout(found.deadline);
      await exchange(found.conversation, request, response);
    }
    // The next request of the same connection gets as much time as the first.
    if (request.socket.destroyed || !isIdle(request.socket)) return;
    clearTimeout(found.deadline);
    found.deadline = headDeadline(request.socket);
  }
}

function headDeadline(socket: Duplex): NodeJS.Timeout {
  return setTimeout(() => socket.destroy(), HEAD_MS);
}

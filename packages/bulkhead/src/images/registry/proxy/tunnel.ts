import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { connect, type SecureContext } from "node:tls";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import { defined } from "../../../values/defined.js";
import { shown, TransientFailure } from "../failure.js";
import { proxyAuthorization } from "./choose.js";

/** The proxy, the CAs to trust for it if it has TLS itself, and its time limits. */
export interface Through {
  readonly proxy: URL;
  readonly context: SecureContext | undefined;
  readonly headMs: number;
}

/**
 * TLS connections through a proxy, which sees only a host's name and port: the registry's certificate is checked as
 * without one, and its credentials travel inside TLS.
 */
export class TunnelAgent extends https.Agent {
  readonly #through: Through;
  readonly #waiting = new Set<http.ClientRequest>();

  constructor(through: Through) {
    super({ keepAlive: true, maxSockets: 16 });
    this.#through = through;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Socket) => void,
  ): undefined {
    const authority = `${bracketed(String(options.host))}:${options.port}`;
    const done = callback as ((error: Error | null, stream?: Socket) => void) | undefined;
    openTunnel(this.#through, authority, this.#waiting).then(
      (socket) => done?.(null, connect({ ...options, socket } as object)),
      (error: Error) => done?.(error),
    );
  }

  override destroy(): void {
    for (const request of this.#waiting) request.destroy();
    super.destroy();
  }
}

/** A connection to `HOST:PORT` through a proxy. Throws REGISTRY_PROXY, TransientFailure. */
export function openTunnel(
  { proxy, context, headMs }: Through,
  authority: string,
  waiting: Set<http.ClientRequest> = new Set(),
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method: "CONNECT",
      path: authority,
      agent: false,
      headers: { host: authority, "user-agent": "bulkhead", ...proxyAuthorization(proxy) },
      ...defined({ secureContext: context }),
    };
    const request = openToProxy(proxy, options);
    waiting.add(request);
    const timer = setTimeout(() => request.destroy(new TransientFailure({ detail: "no answer of the proxy" })), headMs);
    const end = () => {
      clearTimeout(timer);
      waiting.delete(request);
    };
    const refuse = (status: number) => reject(refusalOf(status, proxy));
    request.once("connect", ({ statusCode = 0 }, socket) => {
      end();
      if (statusCode === 200) return resolve(socket as Socket);
      socket.destroy();
      refuse(statusCode);
    });
    request.once("response", (answer) => {
      answer.destroy();
      end();
      refuse(answer.statusCode ?? 0);
    });
    request.on("error", (error) => {
      end();
      reject(error instanceof TransientFailure ? error : proxyFailure(error, proxy));
    });
    request.end();
  });
}

/** A request to the proxy itself: under its own name, whatever the path names. */
export function openToProxy(proxy: URL, options: https.RequestOptions): http.ClientRequest {
  const [module, port] = proxy.protocol === "https:" ? ([https, 443] as const) : ([http, 80] as const);
  const host = proxy.hostname.replace(/^\[(.*)\]$/, "$1");
  return module.request({ ...options, host, port: proxy.port === "" ? port : Number(proxy.port) });
}

/** The error for a proxy's own answer in the registry's place. */
export function refusalOf(status: number, proxy: URL): Error {
  const detail = `HTTP ${status} of the proxy`;
  // It could not reach the registry, or is busy.
  if (status >= 500) return new TransientFailure({ detail });
  return new BulkheadError("REGISTRY_PROXY", { operation: "connect", path: shown(proxy), detail });
}

/** The proxy is unreachable, or its certificate is not valid for it. */
export function proxyFailure(error: Error, proxy: URL): BulkheadError {
  const { code, errno } = error as NodeJS.ErrnoException;
  const known = errno !== undefined && errno > -3000 ? { errno: -errno } : {};
  const detail = typeof code === "string" ? code : "connection";
  return new BulkheadError("REGISTRY_PROXY", { operation: "connect", path: shown(proxy), detail, ...known });
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

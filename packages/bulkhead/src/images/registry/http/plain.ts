import { connect } from "node:tls";
import { networkFailure, TransientFailure } from "../failure.js";
import { openTunnel } from "../proxy/tunnel.js";
import type { Line } from "./exchange.js";
import { checkLiteral, guardedLookup } from "./lookup.js";

/** OpenSSL's errors for an answer that is not TLS. An alert is TLS. */
const NOT_TLS: ReadonlySet<string> = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"]);

/**
 * Whether a server that may be used without TLS does speak it: a handshake and nothing else. Does not check the
 * certificate: a wrong one is no reason to fall back, and is refused when the connection is made. Throws as `exchange`.
 */
export async function speaksTls(line: Line, url: URL): Promise<boolean> {
  checkLiteral(line.endpoint, url);
  const through = await line.agents.throughFor(url);
  const port = url.port === "" ? 443 : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (through === undefined) {
    const target = { host, port, lookup: guardedLookup(line.endpoint, url) };
    return await handshake(line, url, target).catch(async (error: unknown) => {
      // Without TLS another proxy may apply, and may be the only way.
      const plain = new URL(url.href.replace(/^https:/, "http:"));
      const unreachable = error instanceof TransientFailure && error.unreachable;
      if (unreachable && (await line.agents.throughFor(plain)) !== undefined) return false;
      throw error;
    });
  }
  try {
    return await handshake(line, url, { socket: await openTunnel(through, `${url.hostname}:${port}`) });
  } catch (error) {
    // Many proxies refuse CONNECT to a port that is not a TLS port.
    if (error instanceof Error && "code" in error && error.code === "REGISTRY_PROXY") return false;
    throw error;
  }
}

function handshake({ headMs, signal }: Line, url: URL, target: object): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // Nothing is sent over it, and nothing from it is trusted.
    const socket = connect({ ...target, rejectUnauthorized: false });
    const timer = setTimeout(() => socket.destroy(new TransientFailure({ detail: "no answer" })), headMs);
    const abort = () => socket.destroy(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      socket.destroy();
    };
    socket.once("secureConnect", () => {
      end();
      resolve(true);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      end();
      if (isNotTls(error, url)) resolve(false);
      else if (error.code?.startsWith("ERR_SSL_") === true) resolve(true);
      else reject(signal?.aborted === true ? networkFailure(signal.reason, url) : networkFailure(error, url));
    });
  });
}

function isNotTls({ code = "" }: NodeJS.ErrnoException, url: URL): boolean {
  // Closed without any TLS.
  if (NOT_TLS.has(code) || code === "ECONNRESET") return true;
  // Without an explicit port there are two, and nothing listens on the TLS one.
  return code === "ECONNREFUSED" && url.port === "";
}

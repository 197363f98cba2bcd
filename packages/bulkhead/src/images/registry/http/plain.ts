import { connect } from "node:tls";
import { networkFailure, TransientFailure } from "../failure.js";
import { openTunnel } from "../proxy/tunnel.js";
import type { Line } from "./exchange.js";
import { checkLiteral, guardedLookup } from "./lookup.js";

/** What OpenSSL says of an answer that is no TLS at all. An alert is TLS. */
const NOT_TLS: ReadonlySet<string> = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"]);

/**
 * Whether a server speaks TLS, for one that may be talked to without: a handshake and nothing else. Its certificate is not looked at here: one that is
 * wrong is no reason to do without, and is refused when the connection is made. Throws as `exchange`.
 */
export async function speaksTls(line: Line, url: URL): Promise<boolean> {
  checkLiteral(line.endpoint, url);
  const through = await line.agents.throughFor(url);
  const port = url.port === "" ? 443 : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (through === undefined) {
    const target = { host, port, lookup: guardedLookup(line.endpoint, url) };
    return await handshake(line, url, target).catch(async (error: unknown) => {
      // There is another way to it without TLS, by a proxy, which may be the only one.
      const plain = new URL(url.href.replace(/^https:/, "http:"));
      const unreachable = error instanceof TransientFailure && error.unreachable;
      if (unreachable && (await line.agents.throughFor(plain)) !== undefined) return false;
      throw error;
    });
  }
  try {
    return await handshake(line, url, { socket: await openTunnel(through, `${url.hostname}:${port}`) });
  } catch (error) {
    // Many proxies let nobody connect to a port that is not one of TLS.
    if (error instanceof Error && "code" in error && error.code === "REGISTRY_PROXY") return false;
    throw error;
  }
}

function handshake({ headMs, signal }: Line, url: URL, target: object): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // Nothing is sent over it, and nothing that it says is believed.
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
  // Closed without a word of TLS.
  if (NOT_TLS.has(code) || code === "ECONNRESET") return true;
  // Without a port there are two, and nobody listens at the one of TLS.
  return code === "ECONNREFUSED" && url.port === "";
}

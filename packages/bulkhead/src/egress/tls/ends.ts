import type { Socket } from "node:net";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect, TLSSocket } from "node:tls";
import { Refusal, reasonOf } from "../forward/refusal.js";
import type { Authority } from "./authority.js";

const HANDSHAKE_MS = 20_000;

/** Ends a client's TLS: the result is clear text. HTTP/1.1 only, which the gate can inspect. */
export async function endTls(inside: Duplex, host: string, authority: Authority): Promise<TLSSocket> {
  const secureContext = await authority.contextFor(host);
  const socket = new TLSSocket(inside, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
  await done(
    socket,
    "secure",
    (why) => new Refusal(`the client did not finish its handshake: ${why}`, { status: 502 }),
  );
  return socket;
}

/** Starts TLS with the real server, whose certificate must be valid for `host`. */
export async function beginTls(outside: Socket, host: string, roots: readonly string[]): Promise<TLSSocket> {
  const socket = connect({
    socket: outside,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ca: [...roots],
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
  });
  await done(
    socket,
    "secureConnect",
    // A server with a wrong certificate counts as refused; one without TLS has failed.
    (why) =>
      new Refusal(`the host's certificate or handshake is not valid: ${why}`, {
        status: 502,
        denies: Boolean(socket.authorizationError),
      }),
  );
  return socket;
}

async function done(socket: TLSSocket, event: string, refusal: (why: string) => Refusal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error("late")), HANDSHAKE_MS);
    const failed = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(refusal(reasonOf(error)));
    };
    socket.once("error", failed);
    socket.once("close", failed);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.removeListener("error", failed);
      socket.removeListener("close", failed);
      socket.on("error", () => socket.destroy());
      resolve();
    });
  });
}

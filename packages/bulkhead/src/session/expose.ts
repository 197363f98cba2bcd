import { once } from "node:events";
import { type AddressInfo, createServer, isIP, type Server, type Socket } from "node:net";
import { type Check, check } from "../arguments/check.js";
import { object, whole } from "../arguments/values.js";
import { Connection } from "../channel/connection.js";
import { join } from "../channel/join.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Live } from "./live.js";

/** Maximum concurrent connections to one port. Each costs a descriptor here and one inside. */
const CONNECTIONS = 256;

export interface ExposeOptions {
  /** Address to listen on. Default: `127.0.0.1`, which only this machine can reach. */
  readonly address?: string;
  /** Default: 0, any free port. */
  readonly port?: number;
}

/** A port inside that is reachable from the host. */
export interface Exposed extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Stops listening and ends the connections. */
  close(): Promise<void>;
}

export const insidePort = whole(1, 65_535);
export const hostPort = whole(0, 65_535);
export const listenAddress: Check<string> = check(
  (value) => typeof value === "string" && isIP(value) !== 0,
  'an IP address to listen on, such as "127.0.0.1"',
);
export const exposeOptions: Check<ExposeOptions> = object<ExposeOptions>({ address: listenAddress, port: hostPort });

/** Listens on the host, and forwards each connection to `port` on the loopback inside. */
export async function expose(live: Live, port: number, options: ExposeOptions): Promise<Exposed> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    carry(live, port, socket);
  });
  server.maxConnections = CONNECTIONS;
  await listenOnHost(server, options.address ?? "127.0.0.1", options.port ?? 0);
  const { address, port: actual } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of open) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  live.running.ended.then(close, close);
  return { address, port: actual, close, [Symbol.asyncDispose]: close };
}

function carry(live: Live, port: number, socket: Socket): void {
  try {
    const connection = new Connection((handler) => live.channel.open({ op: "connect", port }, handler));
    // A failed connection ends the other side; TCP can report no more.
    void join(socket, connection);
  } catch {
    socket.destroy();
  }
}

/** Makes `server` listen on a port of the host. @throws BulkheadError PORT_UNAVAILABLE */
export async function listenOnHost(server: Server, address: string, port: number): Promise<void> {
  server.listen({ host: address, port, exclusive: true });
  try {
    await once(server, "listening");
  } catch (cause) {
    const { errno } = cause as NodeJS.ErrnoException;
    const detail = `${address}:${port}`;
    const context = { operation: "listen", detail, cause };
    throw new BulkheadError("PORT_UNAVAILABLE", errno === undefined ? context : { ...context, errno: Math.abs(errno) });
  }
}

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, isIP, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What one server on the host saw. */
export interface Served extends AsyncDisposable {
  readonly port: number;
  /** `METHOD HOST PATH`. */
  readonly requests: string[];
  /** How many connected, whatever they said. */
  connections(): number;
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** HTTP on a loopback address of the host. */
export async function serveHttp(listener: RequestListener, tls?: Certificate): Promise<Served> {
  const requests: string[] = [];
  const record: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.headers.host} ${request.url}`);
    listener(request, response);
  };
  const server = tls === undefined ? createServer(record) : createTlsServer(tls, record);
  return await served(server, requests);
}

/** A server that nobody may reach. */
export async function serveCanary(): Promise<Served> {
  return await served(
    createTcpServer((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nreached")),
    [],
  );
}

async function served(server: Server | TcpServer, requests: string[]): Promise<Served> {
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      if ("closeAllConnections" in server) server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A certificate for some names or addresses, signed by itself, which is then the authority to trust. */
export function certificateFor(...names: readonly string[]): Certificate {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-egress-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        .concat([
          "-subj",
          "/CN=tests",
          "-addext",
          `subjectAltName=${names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`).join(",")}`,
        ])
        .concat(["-keyout", key, "-out", cert]),
      { stdio: "ignore" },
    );
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

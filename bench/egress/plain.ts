import { once } from "node:events";
import { request as ask, createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { pipeline } from "node:stream";
import type { Subject } from "../subject.js";
import { spawned } from "../subjects/spawned.js";
import type { Web } from "./server.js";

export const NAME = "plain proxy";

/** A minimal proxy: no decision, no log, no wall; like the gate it runs in the measuring process. */
export async function plain(argvFor: (proxy: string, host: string) => readonly string[], web: Web): Promise<Subject> {
  const server = createServer((request, response) => {
    const outgoing = ask(request.url ?? "", { method: request.method, headers: request.headers }, (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      pipeline(incoming, response, () => undefined);
    });
    outgoing.once("error", () => response.destroy());
    pipeline(request, outgoing, () => undefined);
  });
  server.on("connect", (request, client: Socket) => {
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const outside = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      pipeline(client, outside, () => undefined);
      pipeline(outside, client, () => undefined);
    });
  });
  server.listen(0, "127.0.0.1", 4096);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return spawned(NAME, argvFor(`127.0.0.1:${port}`, `127.0.0.1:${web.port}`), async () => {
    server.closeAllConnections();
    server.close();
  });
}

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { ask, closeServers, gateFor, httpServer, httpsServer, outsideAuthority, tlsClient } from "./world.js";

afterAll(closeServers);

async function textOf(stream: Duplex, until: (text: string) => boolean = () => false): Promise<string> {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  while (!until(text) && !stream.destroyed && !stream.readableEnded)
    await Promise.race([once(stream, "data"), once(stream, "close"), once(stream, "end")]);
  return text;
}

async function isClosed(client: Duplex | undefined): Promise<void> {
  if (client?.destroyed === false) await once(client, "close");
}

describe("a client that speaks HTTP", () => {
  it.each([
    ["two lengths", "POST /a HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
    [
      "a length and chunks",
      "POST /a HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a coding nobody knows", "POST /a HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"],
    ["two hosts", "GET /a HTTP/1.1\r\nHost: HOST\r\nHost: evil.test\r\n\r\n"],
    ["no host", "GET /a HTTP/1.1\r\n\r\n"],
    ["a host in its request line", "GET http://evil.test/a HTTP/1.1\r\nHost: HOST\r\n\r\n"],
    ["a user in its host", "GET /a HTTP/1.1\r\nHost: HOST@evil.test\r\n\r\n"],
    ["a folded header", "GET /a HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b\r\n\r\n"],
    ["a bare line feed", "GET /a HTTP/1.1\nHost: HOST\n\n"],
    ["a space before the colon", "GET /a HTTP/1.1\r\nHost : HOST\r\n\r\n"],
    ["CONNECT in a tunnel", "CONNECT evil.test:443 HTTP/1.1\r\nHost: HOST\r\n\r\n"],
    ["TRACE", "TRACE /a HTTP/1.1\r\nHost: HOST\r\n\r\n"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a protocol of its own", "\u0000\u0001\u0002\u0003"],
    ["headers without end", `GET /a HTTP/1.1\r\nHost: HOST\r\nX: ${"a".repeat(70_000)}`],
    ["a switch to HTTP/2", "GET /a HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"],
  ])("with %s reaches no listener", async (_what, text) => {
    const asked: string[] = [];
    const port = await httpServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end("ok");
    });
    const { open } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const { client, done } = await open({ via: "connect", host: "good.test", port });
    client?.write(text.replaceAll("HOST", `good.test:${port}`));
    const answer = client === undefined ? "" : await textOf(client, (so) => so.includes("\r\n\r\n"));
    expect(answer).not.toMatch(/^HTTP\/1.1 2/);
    client?.destroy();
    await done;
    expect(asked).toEqual([]);
  });
});

describe("a connection", () => {
  it("beyond the limit is refused, and a closed one frees its place", async () => {
    const port = await httpServer((_request, response) => response.end("ok"));
    const { open } = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true }], limits: { connections: 1 } },
    });
    const target = { via: "connect", host: "good.test", port } as const;
    const first = await open(target);
    const second = await open(target);
    await second.done;
    await isClosed(second.client);
    first.client?.destroy();
    await first.done;
    const third = await open(target);
    if (third.client === undefined) throw new Error("refused");
    expect(await ask(third.client, { headers: { host: `good.test:${port}`, connection: "close" } })).toMatchObject({
      status: 200,
    });
  });

  it("that uses up the bytes is ended", async () => {
    const port = await httpServer((_request, response) => response.end(Buffer.alloc(1_000_000)));
    const { open } = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true }], limits: { bytes: 100_000 } },
    });
    const { client, done } = await open({ via: "connect", host: "good.test", port });
    if (client === undefined) throw new Error("refused");
    await expect(ask(client, { headers: { host: `good.test:${port}` } })).rejects.toThrow();
    await done;
    const { client: next, done: over } = await open({ via: "connect", host: "good.test", port });
    await over;
    await isClosed(next);
  });

  it("is no faster than the bandwidth allows", async () => {
    const port = await httpServer((_request, response) => response.end(Buffer.alloc(512 * 1024)));
    const { open } = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true }], limits: { bandwidth: "1MiB" } },
    });
    const { client, done } = await open({ via: "connect", host: "good.test", port });
    if (client === undefined) throw new Error("refused");
    const began = performance.now();
    const headers = { host: `good.test:${port}`, connection: "close" };
    expect(await ask(client, { headers })).toMatchObject({ status: 200 });
    await done;
    // Half a second's worth, of which the first piece waits for nobody. A busy machine only makes it more.
    expect(performance.now() - began).toBeGreaterThan(350);
  });

  it("on which nothing moves is ended", async () => {
    const port = await httpServer(() => undefined);
    const { open, events } = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true }], limits: { idle: "200ms" } },
    });
    const { client, done } = await open({ via: "connect", host: "good.test", port });
    if (client === undefined) throw new Error("refused");
    expect(await ask(client, { headers: { host: `good.test:${port}`, connection: "close" } })).toMatchObject({
      status: 504,
    });
    client.destroy();
    await done;
    expect(events).toMatchObject([{ verdict: "allow", reason: "nothing moved for too long" }]);
  });
});

describe("TLS that is looked into", () => {
  it("shows a Host that is another than the handshake's", async () => {
    let asked = 0;
    const port = await httpsServer("good.test", (_request, response) => {
      asked += 1;
      response.end("ok");
    });
    const world = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true, intercept: true }] },
    });
    const request = async (host: string) => {
      const { client } = await world.open({ via: "connect", host: "good.test", port });
      if (client === undefined) throw new Error("refused");
      const secure = await tlsClient(client, "good.test", world.bundle?.content ?? "");
      return (await ask(secure, { headers: { host } })).status;
    };
    expect(await request("fronted.test")).toBe(421);
    expect(asked).toBe(0);
    expect(await request(`good.test:${port}`)).toBe(200);
  });

  it("is refused by a client that does not trust the sandbox's own authority", async () => {
    const port = await httpsServer("good.test", (_request, response) => response.end("ok"));
    const world = await gateFor({
      network: { allow: [{ host: "good.test", ports: port, private: true, intercept: true }] },
    });
    const { client } = await world.open({ via: "connect", host: "good.test", port });
    if (client === undefined) throw new Error("refused");
    await expect(tlsClient(client, "good.test", outsideAuthority.certificate)).rejects.toThrow();
  });
});

describe("WebSocket", () => {
  it("passes both ways", async () => {
    const server = createServer();
    server.on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.pipe(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { open } = await gateFor({ network: { allow: [{ host: "good.test", ports: port, private: true }] } });
    const { client, done } = await open({ via: "connect", host: "good.test", port });
    if (client === undefined) throw new Error("refused");
    client.write(
      `GET /ws HTTP/1.1\r\nHost: good.test:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGVzdA==\r\n\r\n`,
    );
    client.write("frames");
    expect(await textOf(client, (text) => text.endsWith("frames"))).toMatch(/^HTTP\/1.1 101 .*frames$/s);
    client.destroy();
    await done;
    server.closeAllConnections();
    server.close();
  });
});

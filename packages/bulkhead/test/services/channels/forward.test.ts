import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { ChannelLimits } from "../../../src/services/channels/contract.js";
import { type Forwarded, forward } from "../../../src/services/channels/forward.js";
import { Allowance } from "../../../src/services/channels/limits.js";

const NONE = { connections: 2, bytesPerSecond: null, bytes: null, idleMs: null };

/** Two ends of one loopback connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  return [near, far];
}

/** All that comes until the end of this half. Iteration would destroy the other half with it. */
async function allOf(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, "end");
  return Buffer.concat(parts);
}

/** A client and a server that are joined, and how their connection ends. */
async function joined(limits: Partial<ChannelLimits>) {
  const [client, consumer] = await pair();
  const [provider, server] = await pair();
  const ended: Promise<Forwarded> = forward(consumer, provider, new Allowance({ ...NONE, ...limits }));
  return { client, server, ended };
}

describe("a joined connection", () => {
  it("ends each half by itself, and counts both ways", async () => {
    const { client, server, ended } = await joined({});
    client.end("question");
    expect(String(await allOf(server))).toBe("question");
    server.end("the answer");
    expect(String(await allOf(client))).toBe("the answer");
    expect(await ended).toEqual({ bytesIn: 8, bytesOut: 10 });
  });

  it("loses nothing that waits for its turn when the sender ends", async () => {
    const { client, server, ended } = await joined({ bytesPerSecond: 500_000 });
    client.end(Buffer.alloc(100_000));
    server.end();
    expect(await allOf(server)).toHaveLength(100_000);
    await ended;
  });

  it("passes a reset on", async () => {
    const { client, server, ended } = await joined({});
    client.write("part");
    await once(server, "data");
    client.resetAndDestroy();
    const [error] = (await once(server, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
    await ended;
  });

  it("ends at the limit of its bytes, both ways together, and passes none beyond", async () => {
    const { client, server, ended } = await joined({ bytes: 10 });
    client.on("error", () => undefined).write("123456");
    await once(server, "data");
    const rest = allOf(server).catch(() => Buffer.alloc(0));
    client.write("12345");
    expect(await ended).toEqual({ bytesIn: 11, bytesOut: 0, limit: "the channel's 10 bytes are used up" });
    expect(await rest).toHaveLength(0);
  });
});

describe("an allowance", () => {
  it("gives out its connections, and takes them back", () => {
    const allowance = new Allowance(NONE);
    expect([allowance.enter(), allowance.enter()]).toEqual([undefined, undefined]);
    expect(allowance.enter()).toBe("2 connections are open already");
    allowance.leave();
    expect(allowance.enter()).toBeUndefined();
  });

  it("makes data of all connections wait its turn, each way by itself", () => {
    const allowance = new Allowance({ ...NONE, bytesPerSecond: 1000 });
    expect(allowance.spend("in", 500)).toBe(0);
    expect(allowance.spend("out", 500)).toBe(0);
    const wait = allowance.spend("in", 1);
    expect(wait).toBeGreaterThan(400);
    expect(wait).toBeLessThanOrEqual(500);
  });
});

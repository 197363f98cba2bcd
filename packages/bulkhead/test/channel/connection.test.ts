import { setImmediate as tick } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { Channel } from "../../src/channel/channel.js";
import { Connection } from "../../src/channel/connection.js";
import { frame, jsonFrame } from "../../src/channel/frames.js";
import { Kind, MAX_OPEN_STREAMS } from "../../src/channel/protocol.js";
import type { StreamHandler } from "../../src/channel/stream.js";
import type { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { duplexPair } from "../support/duplex-pair.js";
import { FakeInit } from "../support/fake-init.js";

const nothing: StreamHandler = { data: () => undefined, result: () => undefined, failed: () => undefined };

const LISTEN = { op: "listen", transport: "tcp", address: "127.0.0.1", port: 80 } as const;

describe("connections that init opens", () => {
  let channel: Channel;
  let init: FakeInit;
  let taken: Connection[];
  let ended: Promise<BulkheadError | undefined>;

  beforeEach(() => {
    const [host, inside] = duplexPair();
    init = new FakeInit(inside);
    taken = [];
    ended = new Promise((resolve) => {
      channel = new Channel(host, resolve);
    });
    channel.open(LISTEN, { ...nothing, connection: (open) => taken.push(new Connection(open)) });
    init.hello();
    init.accept(1);
  });

  const connect = (stream: number, listen = 1) =>
    init.raw(jsonFrame(Kind.request, stream, { op: "connection", listen }));
  const data = (stream: number, text: string, fd = 1) =>
    init.raw(frame(Kind.data, stream, Buffer.concat([Buffer.of(fd), Buffer.from(text)])));
  const end = (stream: number) => init.raw(frame(Kind.end, stream, Buffer.of(1)));
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await tick();
  };
  const violation = async () => (await ended)?.detail;
  const first = async () => {
    await settle();
    const [connection] = taken;
    if (connection === undefined) throw new Error("no connection came");
    return connection;
  };

  it("carry bytes both ways, and close when both halves have ended", async () => {
    connect(2);
    data(2, "question");
    end(2);
    const connection = await first();
    connection.end("answer");
    const asked: Buffer[] = [];
    for await (const chunk of connection) asked.push(chunk as Buffer);
    expect(Buffer.concat(asked).toString()).toBe("question");
    expect((await init.next(Kind.data)).payload.toString()).toBe("\0answer");
    expect(await init.next(Kind.end)).toMatchObject({ stream: 2 });
    await settle();
    expect(connection.closed).toBe(true);
    expect(init.received.filter(({ kind }) => kind === Kind.cancel)).toEqual([]);
  });

  it("are cancelled when they are destroyed", async () => {
    connect(2);
    (await first()).destroy();
    expect(await init.next(Kind.cancel)).toMatchObject({ stream: 2 });
  });

  it("fail writes after a reset, once the data before it has been read", async () => {
    connect(2);
    data(2, "last words");
    init.result(2, {});
    const connection = await first();
    const failed = new Promise((resolve) => connection.once("error", resolve));
    connection.write("too late");
    expect(await failed).toMatchObject({ code: "ECONNRESET" });
  });

  it("are cancelled if no handler accepts them", async () => {
    channel.open(LISTEN, nothing);
    connect(2, 3);
    expect(await init.next(Kind.cancel)).toMatchObject({ stream: 2 });
  });

  it("grant credit only for what was read", async () => {
    connect(2);
    const connection = await first();
    for (let sent = 0; sent < 4; sent += 1) data(2, "x".repeat(65_536));
    await settle();
    expect(init.received.filter(({ kind }) => kind === Kind.credit)).toEqual([]);
    connection.resume();
    expect(await init.next(Kind.credit)).toMatchObject({ stream: 2 });
  });

  it.each([
    ["an odd number", () => connect(3), "stream-order"],
    ["a number used already", () => [connect(2), connect(2)], "stream-order"],
    ["a number below the last", () => [connect(8), connect(6)], "stream-order"],
    ["a listener that never was", () => connect(2, 3), "stream-unknown"],
    ["a connection for a listener", () => connect(2, 2), "stream-unknown"],
    ["data on a stream that was never opened", () => data(2, "x"), "stream-unknown"],
    ["data on stderr", () => [connect(2), data(2, "x", 2)], "fd"],
    [
      "data beyond its credit",
      () => [connect(2), ...Array.from({ length: 5 }, () => data(2, "x".repeat(65_536)))],
      "credit-exceeded",
    ],
    ["data after its end", () => [connect(2), end(2), data(2, "x")], "data-after-end"],
    [
      "one more than may be open",
      () => Array.from({ length: MAX_OPEN_STREAMS + 1 }, (_, at) => connect(2 + 2 * at)),
      "stream-unknown",
    ],
  ])("end the sandbox for %s", async (_what, misbehave, reason) => {
    misbehave();
    expect(await violation()).toBe(reason);
  });

  it("leave room for the host's own streams", async () => {
    for (let at = 0; at < MAX_OPEN_STREAMS; at += 1) connect(2 + 2 * at);
    await settle();
    expect(taken).toHaveLength(MAX_OPEN_STREAMS);
    expect(channel.open({ op: "watch", path: "/" }, nothing).open).toBe(true);
  });
});

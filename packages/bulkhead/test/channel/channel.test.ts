import { setImmediate as tick } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { Channel } from "../../src/channel/channel.js";
import { InputStream } from "../../src/channel/input-stream.js";
import type { JsonObject } from "../../src/channel/json.js";
import { OutputStream } from "../../src/channel/output-stream.js";
import { Kind, MAX_OPEN_STREAMS, type OutFd, WINDOW_BYTES } from "../../src/channel/protocol.js";
import type { ChannelStream, StreamHandler } from "../../src/channel/stream.js";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import { duplexPair } from "../support/duplex-pair.js";
import { FakeInit } from "../support/fake-init.js";

class Recorder implements StreamHandler {
  readonly chunks: Buffer[] = [];
  readonly pids: (number | undefined)[] = [];
  readonly ends: OutFd[] = [];
  outcome: JsonObject | BulkheadError | undefined;

  accepted(pid: number | undefined): void {
    this.pids.push(pid);
  }
  data(_fd: OutFd, chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk));
  }
  ended(fd: OutFd): void {
    this.ends.push(fd);
  }
  result(value: JsonObject): void {
    this.outcome = value;
  }
  failed(error: BulkheadError): void {
    this.outcome = error;
  }
}

describe("Channel", () => {
  let channel: Channel;
  let init: FakeInit;
  let ended: Promise<BulkheadError | undefined>;

  beforeEach(() => {
    const [host, inside] = duplexPair();
    init = new FakeInit(inside);
    ended = new Promise((resolve) => {
      channel = new Channel(host, resolve);
    });
  });

  function open(handler: StreamHandler = new Recorder()): ChannelStream {
    return channel.open({ op: "watch", path: "/" }, handler);
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await tick();
  }

  it("does not wait for a hello to send requests", async () => {
    open();
    expect((await init.next(Kind.hello)).stream).toBe(0);
    expect(await init.next(Kind.request)).toMatchObject({
      stream: 1,
      payload: Buffer.from('{"op":"watch","path":"/"}'),
    });
    open();
    expect((await init.next(Kind.request)).stream).toBe(3);
  });

  it("tells what a stream says, in order, and forgets it after its result", async () => {
    const recorder = new Recorder();
    open(recorder);
    init.hello();
    init.accept(1, { pid: 7 });
    init.data(1, 1, "one");
    init.data(1, 2, "two");
    init.endOf(1, 1);
    init.result(1, { done: true });
    init.data(1, 1, "it crossed with the end of the stream");
    await settle();
    expect(recorder).toMatchObject({ pids: [7], ends: [1], outcome: { done: true } });
    expect(Buffer.concat(recorder.chunks).toString()).toBe("onetwo");
    expect(open().open).toBe(true);
  });

  it("gives the errors of init, but not in Bulkhead's own name", async () => {
    const [one, two] = [new Recorder(), new Recorder()];
    open(one);
    open(two);
    init.hello();
    init.failure(1, { code: "FILE_NOT_FOUND", operation: "open", path: "/x", errno: 2 });
    init.failure(3, { code: "ENFORCEMENT_MISMATCH", operation: "verify" });
    await settle();
    expect(one.outcome).toMatchObject({ code: "FILE_NOT_FOUND", operation: "open", path: "/x", errno: 2 });
    expect(two.outcome).toMatchObject({ code: "EXEC_FAILED" });
  });

  it.each([
    [
      "data beyond the credit",
      "credit-exceeded",
      () => {
        for (let sent = 0; sent <= WINDOW_BYTES; sent += 65_536) init.data(1, 1, Buffer.alloc(65_536));
      },
    ],
    [
      "data after its end",
      "data-after-end",
      () => {
        init.endOf(1, 1);
        init.data(1, 1, "x");
      },
    ],
    [
      "two ends",
      "data-after-end",
      () => {
        init.endOf(1, 2);
        init.endOf(1, 2);
      },
    ],
    [
      "two accepts",
      "accept-twice",
      () => {
        init.accept(1);
        init.accept(1);
      },
    ],
    [
      "too much credit",
      "credit-overflow",
      () => {
        init.credit(1, 0, 2 ** 31);
      },
    ],
    ["a stream that never was", "stream-unknown", () => init.data(99, 1, "x")],
    ["a stream of init's own", "stream-unknown", () => init.data(2, 1, "x")],
    [
      "an end within a frame",
      "cut-short",
      () => {
        init.raw(Buffer.from([0, 0, 0]));
        init.end();
      },
    ],
  ])("ends with a violation at %s", async (_, reason, misbehave) => {
    open();
    init.hello();
    misbehave();
    expect(await ended).toMatchObject({ code: "PROTOCOL_VIOLATION", fault: "workload", detail: reason });
  });

  it("takes a window on each fd, no more, until its reader has consumed", async () => {
    const stream = open();
    init.hello();
    for (const fd of [1, 2])
      for (let sent = 0; sent < WINDOW_BYTES; sent += 65_536) init.data(1, fd, Buffer.alloc(65_536));
    await settle();
    stream.consumed(1, WINDOW_BYTES / 2 - 1);
    stream.consumed(1, 1);
    const { payload } = await init.next(Kind.credit);
    expect([payload[0], payload.readUInt32BE(1)]).toEqual([1, WINDOW_BYTES / 2]);
    init.data(1, 1, Buffer.alloc(65_536));
    await settle();
    init.data(1, 2, "x");
    expect(await ended).toMatchObject({ detail: "credit-exceeded" });
  });

  it("sends a window, and more only for credit", async () => {
    const stream = open();
    let written = false;
    stream.write(Buffer.alloc(WINDOW_BYTES + 10), () => {
      written = true;
    });
    stream.end();
    await settle();
    const sent = () =>
      init.received.filter(({ kind }) => kind === Kind.data).reduce((sum, { payload }) => sum + payload.length - 1, 0);
    expect([sent(), written]).toEqual([WINDOW_BYTES, false]);
    init.hello();
    init.credit(1, 0, 4);
    await settle();
    expect([sent(), written]).toEqual([WINDOW_BYTES + 4, false]);
    init.credit(1, 0, 100);
    await init.next(Kind.end);
    expect([sent(), written]).toEqual([WINDOW_BYTES + 10, true]);
  });

  it("lets a writer go whose stream has ended", async () => {
    const stream = open();
    init.hello();
    const writable = new InputStream(stream);
    const finished = new Promise<void>((resolve) => writable.end(Buffer.alloc(WINDOW_BYTES * 2), resolve));
    init.result(1, {});
    await finished;
  });

  it("holds at most a window for a reader that stops, and hinders no other stream", async () => {
    let stream: ChannelStream | undefined;
    const stalled = new OutputStream((bytes) => stream?.consumed(1, bytes));
    stream = open({ data: (_, chunk) => stalled.feed(chunk), result: () => stalled.finish(), failed: () => undefined });
    const other = new Recorder();
    open(other);
    init.hello();
    for (let sent = 0; sent < WINDOW_BYTES; sent += 65_536) init.data(1, 1, Buffer.alloc(65_536, "s"));
    init.data(3, 1, "free");
    init.result(3, {});
    await settle();
    expect(other.outcome).toEqual({});
    expect(init.received.some(({ kind }) => kind === Kind.credit)).toBe(false);
    let read = 0;
    stalled.on("data", (chunk: Buffer) => {
      read += chunk.length;
    });
    await init.next(Kind.credit);
    await settle();
    expect(read).toBe(WINDOW_BYTES);
  });

  it("keeps granting credit to a destroyed output, so that its writer never blocks", async () => {
    let stream: ChannelStream | undefined;
    const output = new OutputStream((bytes) => stream?.consumed(1, bytes));
    stream = open({ data: (_, chunk) => output.feed(chunk), result: () => undefined, failed: () => undefined });
    init.hello();
    output.destroy();
    for (let sent = 0; sent < WINDOW_BYTES; sent += 65_536) init.data(1, 1, Buffer.alloc(65_536));
    await init.next(Kind.credit);
  });

  it("opens no more than 1,024 streams at once", () => {
    for (let count = 0; count < MAX_OPEN_STREAMS; count += 1) open();
    expect(() => open()).toThrow(expect.objectContaining({ code: "TOO_MANY_OPERATIONS" }));
  });

  it("refuses a request above 1 MiB", () => {
    expect(() => channel.open({ op: "stat", path: "x".repeat(1 << 20) }, new Recorder())).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  });

  it("fails what is open and what comes later, with the first reason it was closed for", async () => {
    const recorder = new Recorder();
    const stream = open(recorder);
    channel.close(() => new BulkheadError("SANDBOX_CLOSED"));
    channel.close(() => new BulkheadError("SANDBOX_LOST"));
    expect(recorder.outcome).toMatchObject({ code: "SANDBOX_CLOSED" });
    expect(() => open()).toThrow(expect.objectContaining({ code: "SANDBOX_CLOSED" }));
    stream.control({ op: "signal", signal: 9 });
    stream.cancel();
    await settle();
    expect(init.received.map(({ kind }) => kind)).not.toContain(Kind.control);
  });

  it("ends without a violation when the other side just goes", async () => {
    init.hello();
    init.end();
    expect(await ended).toBeUndefined();
  });
});

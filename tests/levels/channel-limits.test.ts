import { setTimeout as sleep } from "node:timers/promises";
import type { Level, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { openBridge } from "../../packages/bulkhead/src/services/channels/bridge.js";
import type { ChannelEvent, ChannelSpec } from "../../packages/bulkhead/src/services/channels/contract.js";
import { ask, channel, component, kindsOf, SOCKETS, serve, Together } from "../support/components.js";
import { exceptAt } from "../support/levels.js";

const RPC = `${SOCKETS}/rpc.sock`;
const NONE = { connections: 64, bytesPerSecond: null, bytes: null, idleMs: null };

/** The bridge is the same code at every level; what init does differently at each is in channels.test.ts. */
const atShort = exceptAt({ gvisor: "the bridge outside is the same", microvm: "the bridge outside is the same" });

/** A front and a back that are joined by these channels, and the events so far. `taken`: settles when one is taken. */
async function joined(level: Level, channels: readonly ChannelSpec[], taken?: Promise<void>) {
  const events: ChannelEvent[] = [];
  const stack = new Together();
  const back = stack.use(await component(level));
  const front = stack.use(await component(level));
  const onEvent = (event: ChannelEvent) => {
    events.push(event);
    return taken;
  };
  const bridge = stack.use(await openBridge(channels, { onEvent }));
  await bridge.attach("back", back);
  await bridge.attach("front", front);
  return { events, back, front, bridge, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

/** Opens a connection inside that stays open, silent, until its program ends. */
async function hold(sandbox: Sandbox, path: string): Promise<void> {
  const script = `$s = IO::Socket::UNIX->new(Peer => shift) or die; print $s "x"; $s->flush; sleep 60`;
  await sandbox.exec(["perl", "-MIO::Socket::UNIX", "-e", script, path], { stdin: "null" });
}

await atShort((level) => {
  test("the provider learns which component connects, and the consumer cannot say otherwise", async () => {
    await using pair = await joined(level, [channel("rpc", { identify: "proxy-v2" })]);
    await serve(pair.back, "/tmp/rpc.sock");
    const answer = await ask(pair.front, RPC, "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n");
    const fields = "\xe0\x00\x05FRONT\x05\x00\x011";
    expect(answer).toBe(
      `\r\n\r\n\0\r\nQUIT\n!\0\0\x0c${fields}PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n`.replaceAll("\xe0", "\ufffd"),
    );
  });

  test("a connection waits for a provider that restarts", async () => {
    await using pair = await joined(level, [channel("rpc")]);
    await pair.bridge.detach("back");
    await pair.back.kill();
    const asked = ask(pair.front, RPC, "hello");
    await sleep(100);
    await using next = await component(level);
    await pair.bridge.attach("back", next);
    await sleep(100);
    await serve(next, "/tmp/rpc.sock");
    expect(await asked).toBe("HELLO");
  });

  test("a provider that dies ends its connections alone, and the next one is found", async () => {
    await using pair = await joined(level, [channel("rpc")]);
    await serve(pair.back, "/tmp/rpc.sock");
    await hold(pair.front, RPC);
    await expect.poll(() => kindsOf(pair.events)).toEqual(["opened"]);
    await pair.back.kill();
    await expect.poll(() => kindsOf(pair.events)).toEqual(["opened", "closed"]);
    await using next = await component(level);
    await pair.bridge.attach("back", next);
    await serve(next, "/tmp/rpc.sock");
    expect(await ask(pair.front, RPC, "again")).toBe("AGAIN");
  });

  test("limits of connections, bytes and idle time hold, and the log says which", async () => {
    const channels = [
      channel("few", { limits: { ...NONE, connections: 1 } }),
      channel("small", { limits: { ...NONE, bytes: 1000 } }),
      channel("idle", { limits: { ...NONE, idleMs: 200 } }),
    ];
    await using pair = await joined(level, channels);
    await serve(pair.back, "/tmp/rpc.sock");
    await hold(pair.front, `${SOCKETS}/few.sock`);
    await expect.poll(() => kindsOf(pair.events)).toEqual(["opened"]);
    expect(await ask(pair.front, `${SOCKETS}/few.sock`, "x")).toBe("");
    expect(kindsOf(pair.events).at(-1)).toBe("limited: 1 connections are open already");
    expect(await ask(pair.front, `${SOCKETS}/small.sock`, "x".repeat(400))).toBe("X".repeat(400));
    expect(await ask(pair.front, `${SOCKETS}/small.sock`, "x".repeat(400))).toBe("");
    expect(await ask(pair.front, `${SOCKETS}/small.sock`, "x")).toBe("");
    expect(kindsOf(pair.events).at(-1)).toBe("limited: the channel's 1000 bytes are used up");
    await hold(pair.front, `${SOCKETS}/idle.sock`);
    await expect.poll(() => kindsOf(pair.events).at(-1)).toBe("limited: nothing moved for 200 ms");
  });

  test("connections that are not let through cannot fill the log", async () => {
    await using pair = await joined(level, [channel("rpc", { limits: { ...NONE, connections: 0 } })]);
    const flood = `for (1 .. 2500) { $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!"; sysread $s, $b, 1 }`;
    const { exitCode, stderr } = await pair.front.run(["perl", "-MIO::Socket::UNIX", "-e", flood, RPC]);
    expect(exitCode, stderr).toBe(0);
    await expect.poll(() => pair.events.at(-1)?.connection).toBe(2000);
    expect(pair.events).toHaveLength(1001);
  });

  test("events that wait for their listener are no more than the connections of their channel", async () => {
    let take = () => {};
    const taken = new Promise<void>((resolve) => {
      take = resolve;
    });
    await using pair = await joined(level, [channel("rpc", { limits: { ...NONE, connections: 2 } })], taken);
    await serve(pair.back, "/tmp/rpc.sock");
    const answers: string[] = [];
    for (let round = 0; round < 6; round++) answers.push(await ask(pair.front, RPC, "x"));
    expect(answers).toEqual(["X", "X", "", "", "", ""]);
    expect(kindsOf(pair.events).filter((kind) => kind === "opened" || kind === "closed")).toHaveLength(4);
    take();
    await expect.poll(async () => await ask(pair.front, RPC, "x")).toBe("X");
  });

  test("many connections at once share one rate", async () => {
    await using pair = await joined(level, [channel("rpc", { limits: { ...NONE, bytesPerSecond: 200_000 } })]);
    await serve(pair.back, "/tmp/rpc.sock");
    const before = performance.now();
    const size = 50_000;
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask(pair.front, RPC, "x".repeat(size))));
    expect(answers.map((answer) => answer.length)).toEqual([size, size, size, size]);
    // 200,000 bytes each way; the first of each way may leave at once.
    expect(performance.now() - before).toBeGreaterThan(700);
  });

  test("a provider that sends all and closes loses nothing, however slowly it passes", async () => {
    await using pair = await joined(level, [channel("rpc", { limits: { ...NONE, bytesPerSecond: 1_000_000 } })]);
    const server = `$l = IO::Socket::UNIX->new(Local => shift, Listen => 9); $c = $l->accept; print $c "x" x 700_000`;
    await pair.back.exec(["perl", "-MIO::Socket::UNIX", "-e", server, "/tmp/rpc.sock"], { stdin: "null" });
    const client = `$s = IO::Socket::UNIX->new(Peer => shift) or die "$!"; local $/; print length <$s>`;
    expect((await pair.front.run(["perl", "-MIO::Socket::UNIX", "-e", client, RPC])).stdout).toBe("700000");
  });

  test("a changed declaration ends the connections of what is no longer declared", async () => {
    await using pair = await joined(level, [channel("rpc"), channel("other")]);
    await serve(pair.back, "/tmp/rpc.sock");
    await hold(pair.front, RPC);
    await hold(pair.front, `${SOCKETS}/other.sock`);
    await expect.poll(() => kindsOf(pair.events)).toEqual(["opened", "opened"]);
    await pair.bridge.change([channel("other"), channel("new")]);
    await expect.poll(() => kindsOf(pair.events)).toEqual(["opened", "opened", "closed"]);
    expect(await ask(pair.front, RPC, "x")).toMatch(/No such file/);
    expect(await ask(pair.front, `${SOCKETS}/new.sock`, "x")).toBe("X");
  });

  test("a socket that cannot be made is an error, and none of the others stays", async () => {
    await using front = await component(level);
    const inside = { socket: "/proc/none.sock", tcp: null };
    await using bridge = await openBridge([channel("rpc"), channel("bad", { inside })]);
    await expect(bridge.attach("front", front)).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      path: "/proc/none.sock",
    });
    await expect(front.files.stat(RPC)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });
});

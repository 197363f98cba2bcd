import { expect, test } from "vitest";
import { openBridge } from "../../packages/bulkhead/src/services/channels/bridge.js";
import type { ChannelEvent } from "../../packages/bulkhead/src/services/channels/contract.js";
import { ask, channel, component, kindsOf, SOCKETS, serve } from "../support/components.js";
import { exceptAt, forEachLevel } from "../support/levels.js";

const RPC = `${SOCKETS}/rpc.sock`;

await exceptAt({ microvm: "it takes no `root: host`, which has Perl" })((level) => {
  test("a channel leads from a socket of the consumer to one of the provider", async () => {
    const events: ChannelEvent[] = [];
    await using back = await component(level);
    await using front = await component(level);
    await using bridge = await openBridge([channel("rpc")], { onEvent: (event) => void events.push(event) });
    await bridge.attach("back", back);
    await bridge.attach("front", front);
    await serve(back, "/tmp/rpc.sock");
    expect(await ask(front, RPC, "hello")).toBe("HELLO");
    const large = "x".repeat(2_000_000);
    expect(await ask(front, RPC, large)).toBe(large.toUpperCase());
    await expect.poll(() => kindsOf(events)).toEqual(["opened", "closed", "opened", "closed"]);
    expect(events.at(-1)).toMatchObject({ connection: 2, bytesIn: 2_000_000, bytesOut: 2_000_000 });
    expect((await front.files.stat(RPC)).mode & 0o777).toBe(0o666);
    await bridge.close();
    expect(await ask(front, RPC, "hello")).toMatch(/No such file/);
  });

  test("and from an address of its loopback to a port, beside a network", async () => {
    const network = { allow: ["index.test"] };
    await using back = await component(level, { network });
    await using front = await component(level, { network });
    const tcp = { address: "127.0.0.2", port: 3000 };
    const inside = { socket: RPC, tcp };
    await using bridge = await openBridge([channel("rpc", { inside, target: { port: 8000 } })]);
    await bridge.attach("back", back);
    await bridge.attach("front", front);
    const server =
      "use IO::Socket::INET; $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1:8000', Listen => 9, ReuseAddr => 1); while ($c = $l->accept) { print $c 'served'; close $c }";
    await back.exec(["perl", "-e", server], { stdin: "null" });
    const client = "use IO::Socket::INET; $s = IO::Socket::INET->new('127.0.0.2:3000') or die $!; print <$s>";
    expect((await front.run(["perl", "-e", client])).stdout).toBe("served");
    expect(await ask(front, RPC, "")).toBe("served");
  });
});

await forEachLevel((level) => {
  test("one channel may lead to the socket of another", async () => {
    const components = await Promise.all(["front", "middle", "end"].map(() => component(level, { root: "base" })));
    const [front, middle, end] = components;
    if (front === undefined || middle === undefined || end === undefined) throw new Error("three were made");
    const tcp = { address: "127.0.0.2", port: 3000 };
    await using bridge = await openBridge([
      channel("first", { provider: "middle", inside: { socket: RPC, tcp }, target: { socket: RPC } }),
      channel("second", {
        consumer: "middle",
        provider: "end",
        inside: { socket: RPC, tcp: null },
        target: { port: 7000 },
      }),
    ]);
    for (const [name, sandbox] of Object.entries({ front, middle, end })) await bridge.attach(name, sandbox);
    await end.exec(["nc", "-ll", "-p", "7000", "-e", "echo", "served"], { stdin: "null" });
    expect((await front.run(["nc", "127.0.0.2", "3000"], { input: "" })).stdout).toBe("served\n");
    await Promise.all(components.map((each) => each.kill()));
  });
});

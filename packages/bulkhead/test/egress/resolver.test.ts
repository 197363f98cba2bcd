import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import { closeServers, echoServer, gateFor } from "./world.js";

afterAll(closeServers);

/**
 * A name server that answers each query for an A record with the next of these addresses, the last one for ever after.
 */
async function nameServer(
  answers: readonly string[],
): Promise<{ readonly server: string; asked(): number; close(): void }> {
  const socket = createSocket("udp4");
  let count = 0;
  socket.on("message", (query, from) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const isA = question.readUInt16BE(question.length - 4) === 1;
    const address = answers[Math.min(count, answers.length - 1)] ?? "";
    if (isA) count += 1;
    const header = Buffer.from([0, 0, 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    query.copy(header, 0, 0, 2);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split(".").map(Number)]);
    socket.send(Buffer.concat([header, question, ...(isA ? [record] : [])]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { server: `127.0.0.1:${socket.address().port}`, asked: () => count, close: () => socket.close() };
}

describe("a name that changes its address", () => {
  it("is looked up once for a connection, which goes where that led", async () => {
    const port = await echoServer();
    const names = await nameServer(["127.0.0.1", "127.9.9.9"]);
    const rules = { allow: [{ host: "good.test", ports: port, protocol: "tcp" as const, private: true }] };
    const { gate, open } = await gateFor({ network: rules }, { resolver: { servers: [names.server] } });
    const { verdict, client, done } = await open({ via: "socks", host: "good.test", port });
    expect(verdict).toMatchObject({ allowed: true, addresses: ["127.0.0.1"] });
    client?.end("x");
    if (client !== undefined) expect(String((await once(client, "data"))[0])).toBe("x");
    await done;
    expect(names.asked()).toBe(1);
    // Within a burst the same answer counts for all.
    expect(await gate.decide({ via: "socks", host: "good.test", port })).toMatchObject({ addresses: ["127.0.0.1"] });
    names.close();
  });

  it("to this host is refused when it does", async () => {
    const names = await nameServer(["127.0.0.1"]);
    const { gate } = await gateFor({ network: { allow: ["good.test"] } }, { resolver: { servers: [names.server] } });
    expect(await gate.decide({ via: "connect", host: "good.test", port: 443 })).toMatchObject({ allowed: false });
    names.close();
  });
});

describe("a flood of names", () => {
  it("is looked up a few at a time, and refused beyond a queue", async () => {
    let running = 0;
    let most = 0;
    const resolver = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((turn) => setTimeout(turn, 1));
      running -= 1;
      return ["1.1.1.1"];
    };
    const { gate } = await gateFor({ network: { allow: ["*.good.test"] } }, { resolver });
    const verdicts = await Promise.all(
      Array.from({ length: 2_000 }, (_, index) =>
        gate.decide({ via: "socks", host: `n${index}.good.test`, port: 443 }),
      ),
    );
    expect(most).toBeLessThanOrEqual(3);
    expect(verdicts.filter(({ allowed }) => allowed).length).toBeGreaterThan(200);
    expect(verdicts.filter(({ allowed }) => !allowed).length).toBeGreaterThan(1_000);
    expect(await gate.decide({ via: "socks", host: "later.good.test", port: 443 })).toMatchObject({ allowed: true });
  });
});

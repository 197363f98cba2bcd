import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Exposed, Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";

await forEachLevel((level) => {
  describe("a port inside, exposed", () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await Sandbox.create({ level });
    });
    afterAll(() => sandbox.kill());

    test("carries bytes both ways, and each half ends by itself", async () => {
      await using echo = await exposed(7000, "cat");
      const socket = await dial(echo);
      const sent = Buffer.alloc(3_000_000, "abcdefghijk");
      socket.end(sent);
      expect(Buffer.compare(await all(socket), sent)).toBe(0);
    });

    test("several connections at once do not mix", async () => {
      await using echo = await exposed(7001, "cat");
      const texts = Array.from({ length: 20 }, (_, at) => `connection ${at}\n`.repeat(1000));
      const sockets: Socket[] = [];
      for (const _ of texts) {
        const socket = await dial(echo);
        // Served already: busybox's nc lets hardly any wait, and resets the others, whoever connects.
        socket.write("!");
        await once(socket, "data");
        sockets.push(socket.pause());
      }
      const echoed = await Promise.all(
        sockets.map(async (socket, at) => {
          socket.end(texts[at] ?? "");
          return (await all(socket)).toString();
        }),
      );
      expect(echoed).toEqual(texts);
    });

    test("one without a listener inside closes at once", async () => {
      await using nothing = await sandbox.expose(7999);
      const socket = connect(nothing.port, nothing.address);
      socket.on("error", () => undefined);
      await once(socket, "close");
      expect(socket.bytesRead).toBe(0);
    });

    test("a reader that stops holds up its own connection only", async () => {
      await using flood = await exposed(7002, "cat /dev/zero");
      await using echo = await exposed(7003, "cat");
      const stalled = await dial(flood);
      stalled.pause();
      const socket = await dial(echo);
      socket.end("still here");
      expect((await all(socket)).toString()).toBe("still here");
      expect((await sandbox.run(["echo", "and here"])).stdout).toBe("and here\n");
      stalled.destroy();
    });

    test("the host's port is closed with it, and one in use is refused by name", async () => {
      const first = await sandbox.expose(7004);
      await expect(sandbox.expose(7004, { port: first.port })).rejects.toMatchObject({ code: "PORT_UNAVAILABLE" });
      await first.close();
      const again = await sandbox.expose(7004, { port: first.port });
      expect(again).toMatchObject({ address: "127.0.0.1", port: first.port });
      await again.close();
    });

    /** Starts a program for each connection to `port`. */
    async function exposed(port: number, program: string): Promise<Exposed> {
      const script = `nc -ll -p ${port} -e ${program} & for i in $(seq 1 50); do
        grep -qi ':${port.toString(16)} ' /proc/net/tcp /proc/net/tcp6 && exit; sleep 0.1; done; exit 1`;
      expect((await sandbox.run(["sh", "-c", script])).exitCode).toBe(0);
      return await sandbox.expose(port);
    }
  });
});

async function dial({ address, port }: Exposed): Promise<Socket> {
  const socket = connect({ host: address, port, allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

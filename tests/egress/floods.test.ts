import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exceptAt } from "../support/levels.js";
import { Names } from "./support/names.js";
import { type Served, serveHttp } from "./support/servers.js";

/**
 * Opens `count` connections to the proxy, says `first` on each, and tells how many were made; then lives on until it is
 * killed.
 */
const HOLD = `
import socket, sys, time
first, count = sys.argv[1].encode().decode("unicode_escape").encode(), int(sys.argv[2])
held = []
try:
    for _ in range(count):
        s = socket.socket()
        s.settimeout(5)
        s.connect(("127.0.0.1", 3128))
        if first: s.sendall(first)
        held.append(s)
except OSError as error:
    pass
print(len(held), flush=True)
time.sleep(600)
`;

/** Opens as many tunnels at once as it is told, and only then asks something on each of them. */
const TUNNELS = `
import asyncio, os, sys
host, count = os.environ["WEB"], int(sys.argv[1])
async def tunnel(at, ready, go):
    reader, writer = await asyncio.open_connection("127.0.0.1", 3128)
    writer.write(f"CONNECT {host} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
    assert (await reader.readuntil(b"\\r\\n\\r\\n")).startswith(b"HTTP/1.1 200"), at
    ready.release()
    await go.wait()
    writer.write(f"GET /{at} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.endswith(f"hello /{at}\\n".encode())
async def main():
    ready, go = asyncio.Semaphore(0), asyncio.Event()
    tasks = [asyncio.create_task(tunnel(at, ready, go)) for at in range(count)]
    for _ in range(count): await asyncio.wait_for(ready.acquire(), 60)
    go.set()
    print(sum(await asyncio.gather(*tasks)))
asyncio.run(main())
`;

await exceptAt({ microvm: "its programs are those of `root: host`, which a guest has not" })(
  (level) => {
    describe("floods of connections", () => {
      let web: Served;
      let names: Names;
      let sandbox: Sandbox;

      beforeAll(async () => {
        web = await serveHttp((request, response) => response.end(`hello ${request.url}\n`));
        names = await Names.start({ "web.test": ["127.0.0.1"] });
        sandbox = await Sandbox.create(
          {
            level,
            root: "host",
            env: { WEB: `web.test:${web.port}` },
            resources: { openFiles: 16_000, memory: "1GiB", pids: 100 },
            network: { allow: [{ host: "web.test", ports: web.port, protocol: "http", private: true }] },
          },
          { egress: { resolver: { servers: names.servers } } },
        );
        await sandbox.files.write("/work/hold.py", HOLD);
        await sandbox.files.write("/work/tunnels.py", TUNNELS);
      });
      afterAll(async () => {
        await sandbox.kill();
        await Promise.all([web, names].map((each) => each[Symbol.asyncDispose]()));
      });

      test("1,000 tunnels at once all work", async () => {
        const { stdout, stderr } = await sandbox.run(["python3", "/work/tunnels.py", "1000"], { timeoutMs: 90_000 });
        expect({ stdout, stderr }).toEqual({ stdout: "1000\n", stderr: "" });
      });

      test.each([
        ["10,000 connections that say nothing", "", 10_000],
        ["connections that never end their header", "GET http://web.test/ HTTP/1.1\\r\\nX: ", 900],
      ])("%s hold up no program", async (_what, first, count) => {
        const flood = await sandbox.exec(["python3", "/work/hold.py", first, String(count)], { buffer: false });
        flood.stderr?.resume();
        const held = Number(await firstLine(flood.stdout));
        // Init takes no more than so many; the kernel's queue for the listener holds the rest.
        expect(held).toBeGreaterThan(800);
        for (let turn = 0; turn < 5; turn += 1) {
          expect((await sandbox.run(["echo", "still"], { timeoutMs: 10_000 })).stdout).toBe("still\n");
        }
        await sandbox.files.write("/work/file", Buffer.alloc(1_000_000));
        expect((await sandbox.files.read("/work/file")).length).toBe(1_000_000);
        flood.kill("SIGKILL");
        await flood.result;
        const again = await sandbox.run([
          "curl",
          "-sS",
          "-m",
          "30",
          "--retry",
          "5",
          `http://web.test:${web.port}/after`,
        ]);
        expect(again.stdout).toBe("hello /after\n");
      });
    });
  },
  ["chroot", "container", "gvisor", "microvm"],
);

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  for await (const chunk of stream ?? []) {
    return String(chunk).trim();
  }
  return "";
}

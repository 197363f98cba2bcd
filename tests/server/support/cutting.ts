import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** A way to a server that breaks each connection after some bytes of an answer, often in the middle of an event. */
export async function cuttingProxy(port: number, cutAfter: () => number) {
  let cuts = 0;
  const proxy = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    let left = cutAfter();
    const end = () => {
      client.destroy();
      server.destroy();
    };
    client.on("error", end).on("close", end);
    server.on("error", end).on("close", () => client.end());
    client.pipe(server);
    server.on("data", (bytes: Buffer) => {
      const passed = bytes.subarray(0, left);
      left -= passed.length;
      if (left > 0) {
        client.write(passed);
        return;
      }
      cuts += 1;
      client.write(passed, () => client.resetAndDestroy());
      server.destroy();
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port: own } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, cuts: () => cuts, close: () => proxy.close() };
}

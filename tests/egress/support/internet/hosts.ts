// A small internet: several hosts on the interfaces of a network namespace of their own. A process for itself, started
// in that namespace; it waits for its interface, and then says "ready" and, of each connection and datagram, where it
// went.

import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Names } from "../names.js";
import { certificateFor } from "../servers.js";
import { ADDRESS, type Arrival, LINK } from "./addresses.js";

const ip = (...args: readonly string[]) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });

while (!/\bin:/.test(readFileSync("/proc/self/net/dev", "utf8"))) await sleep(50);
ip("link", "set", "lo", "up");
ip("link", "set", LINK.far, "up");
for (const [name, address] of Object.entries(ADDRESS)) {
  if (
    name.startsWith("own") ||
    name === "local" ||
    networkInterfaces()[LINK.far]?.some((each) => each.address === address)
  )
    continue;
  const width = name.startsWith("gateway") ? (address.includes(":") ? 64 : 24) : address.includes(":") ? 128 : 32;
  ip("address", "add", `${address}/${width}`, "dev", LINK.far, ...(address.includes(":") ? ["nodad"] : []));
}

const say = (message: unknown) => void process.stdout.write(`${JSON.stringify(message)}\n`);
const arrived = (to = "", port = 0) => say({ to: to.replace("::ffff:", ""), port } satisfies Arrival);

for (const [port, server] of [
  [80, createServer((request, response) => response.end(`${request.socket.localAddress?.replace("::ffff:", "")}\n`))],
  [8080, createServer((request, response) => response.end(`${request.socket.localAddress?.replace("::ffff:", "")}\n`))],
  [443, createTlsServer(certificateFor("web.test"), (_request, response) => response.end("secure\n"))],
] as const) {
  server.on("connection", ({ localAddress }) => arrived(localAddress, port));
  await new Promise<void>((resolve) => server.listen(port, "::", resolve));
}
for (const port of [443, 8053]) {
  const udp = createSocket("udp6");
  udp.on("message", () => arrived("udp", port));
  await new Promise<void>((resolve) => udp.bind(port, "::", resolve));
}
await Names.start(
  {
    "web.test": [ADDRESS.web],
    "other.test": [ADDRESS.other],
    "private.test": [ADDRESS.private],
    "metadata.test": [ADDRESS.metadata],
    "host.test": [ADDRESS.own],
    "local.test": [ADDRESS.local.replace(/0$/, "9")],
    "rebind.test": [ADDRESS.web, ADDRESS.private],
  },
  { address: ADDRESS.names, port: 53 },
);
say("ready");

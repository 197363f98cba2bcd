// `unshare --net node --import tsx main.ts LEVEL`: a host on a small internet, with a sandbox that may reach some of
// it. Prints what came of it.

import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Level, type NetworkPolicy, Sandbox } from "bulkhead";
import { ADDRESS, type Arrival, LINK } from "./addresses.js";

/** What the test looks at. */
export interface Outcome {
  /** What each command said, by its name. */
  readonly said: Readonly<Record<string, string>>;
  /** Where connections and datagrams arrived while it ran. */
  readonly arrivals: Readonly<Record<string, readonly string[]>>;
}

const level = process.argv[2] as Level;
const ip = (...args: readonly string[]) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });

const hosts = fileURLToPath(new URL("hosts.ts", import.meta.url));
const internet = spawn("unshare", ["--net", process.execPath, "--import", "tsx", hosts], {
  stdio: ["ignore", "pipe", "inherit"],
});
process.once("exit", () => internet.kill("SIGKILL"));
const arrivals: Arrival[] = [];
const ready = new Promise<void>((resolve) => {
  createInterface({ input: internet.stdout }).on("line", (line) => {
    const message: unknown = JSON.parse(line);
    if (message === "ready") resolve();
    else arrivals.push(message as Arrival);
  });
});
// It may not be in its namespace yet; then the link would lead to this one, and fail to be set up there.
await sleep(300);
ip("link", "set", "lo", "up");
ip("link", "add", LINK.near, "type", "veth", "peer", "name", LINK.far, "netns", String(internet.pid));
ip("address", "add", `${ADDRESS.own}/24`, "dev", LINK.near);
ip("address", "add", `${ADDRESS.own6}/64`, "dev", LINK.near, "nodad");
ip("link", "set", LINK.near, "up");
ip("route", "add", "default", "via", ADDRESS.gateway);
ip("route", "add", "local", `${ADDRESS.local}/24`, "dev", "lo");
ip("-6", "route", "add", "default", "via", ADDRESS.gateway6);
const own = createServer((_request, response) => response.end("this host\n"));
own.on("request", () => arrivals.push({ to: "this host", port: 80 }));
await new Promise<void>((resolve) => own.listen(80, "::", resolve));
await ready;
// Its carrier takes a moment; before, no list of interfaces has it.
while (!networkInterfaces()[LINK.near]?.some(({ address }) => address === ADDRESS.own)) await sleep(50);

const said: Record<string, string> = {};
const arrived: Record<string, readonly string[]> = {};

async function observe(network: NetworkPolicy, commands: Readonly<Record<string, string>>): Promise<void> {
  const egress = { resolver: { servers: [`${ADDRESS.names}:53`] } };
  await using sandbox = await Sandbox.create({ level, root: "host", network }, { egress });
  for (const [name, command] of Object.entries(commands)) {
    const before = arrivals.length;
    const { stdout } = await sandbox.run(["sh", "-c", command], { timeoutMs: 40_000 });
    await sleep(100);
    said[name] = stdout;
    arrived[name] = arrivals.slice(before).map(({ to, port }) => `${to} ${port}`);
  }
}

const curl = "curl -gskS -m 10 --noproxy ''";
const direct = (how: string) => `python3 -c '
import socket
try: ${how}
except OSError: print("no")'`;
await observe(
  {
    allow: [
      ...["web.test", "private.test:80", "metadata.test:80", "host.test:80", "local.test:80", "rebind.test:80"],
      ...[`[${ADDRESS.web6}]:80`, "10.9.9.9:8080"],
    ],
  },
  {
    "by proxy": `${curl} http://web.test/`,
    "by CONNECT": `${curl} -p http://web.test/`,
    "by SOCKS": `${curl} -x $SOCKS_PROXY http://web.test/`,
    "without a proxy": "curl -sS -m 10 --noproxy '*' http://web.test/",
    "over TLS": `${curl} https://web.test/`,
    "over IPv6": `${curl} http://[${ADDRESS.web6}]/`,
    "a private address that is named": `${curl} http://10.9.9.9:8080/`,
    "another name": `${curl} http://other.test/`,
    "another port": `${curl} http://web.test:8080/`,
    "the address behind a name": `${curl} http://${ADDRESS.web}/`,
    "a name of a private address": `${curl} http://private.test/`,
    "a name of the metadata service": `${curl} http://metadata.test/; ${curl} http://${ADDRESS.metadata}/`,
    "a name of this host": `${curl} http://host.test/`,
    "a name of this host, by an address of no interface": `${curl} http://local.test/`,
    // Each question is answered in another way; what was decided on is kept for five seconds.
    "a name that changes": `for i in 1 2 3 4 5 6 7 8; do ${curl} http://rebind.test/; sleep 1; done`,
    "TCP without a proxy": direct(`socket.create_connection(("${ADDRESS.web}", 80), 5); print("yes")`),
    UDP: direct(
      `s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("${ADDRESS.names}", 8053)); s.send(b"x"); print("yes")`,
    ),
    QUIC: direct(
      `s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((socket.gethostbyname("web.test"), 443)); s.send(bytes(1200)); s.settimeout(1); s.recv(9); print("yes")`,
    ),
  },
);
await observe("full", {
  "full: any name": `${curl} http://other.test/`,
  "full: any port": `${curl} http://other.test:8080/; ${curl} -p http://other.test:8080/`,
  "full: an address": `${curl} http://${ADDRESS.web}/; ${curl} http://[${ADDRESS.web6}]/`,
  "full: TLS": `${curl} https://web.test/`,
  "full: private": `${curl} http://private.test/; ${curl} http://${ADDRESS.private}/`,
  "full: metadata": `${curl} http://metadata.test/; ${curl} http://${ADDRESS.metadata}/`,
  "full: this host": `${curl} http://host.test/; ${curl} http://${ADDRESS.own}/`,
});
process.stdout.write(`${JSON.stringify({ said, arrivals: arrived } satisfies Outcome)}\n`);
process.exit(0);

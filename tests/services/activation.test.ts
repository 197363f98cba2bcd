/** Programs that take the sockets of `listen` as LISTEN_FDS. */

import { once } from "node:events";
import { createServer } from "node:net";
import { Service } from "bulkhead/services";
import { describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { eventually } from "../support/time.js";
import { freePort, get, Recorded } from "./support/services.js";

const OPEN = 'use Socket; $| = 1; $SIG{PIPE} = "IGNORE"; open($s{$_}, "+<&=", $_) for 3, 4;';
/** Answers on descriptor 3 with its name. */
const SERVER = `${OPEN} print $ENV{LISTEN_PID} == $$ ? "mine" : "other", " $ENV{LISTEN_FDNAMES}\\n"; sleep 1; while (accept(my $c, $s{3})) { while (<$c>) { last if /^\\r?$/ } print $c "HTTP/1.0 200 OK\\r\\n\\r\\nit serves\\n"; close $c }`;

const perl = (script: string) => `[perl, -e, ${JSON.stringify(script)}]`;

await forEachLevel((level) => {
  // A guest has none of the host's programs; tests/levels has the sockets themselves there.
  describe.skipIf(level === "microvm")("a program that takes LISTEN_FDS", () => {
    // Init, which opens the sockets, is under the policy's Landlock rules too, where there are any.
    const landlock = level === "gvisor" ? "" : "\n    tcp: {}";

    it("gets its sockets by name, and loses no connection when it restarts", async () => {
      const [http, admin] = [await freePort(), await freePort()];
      await using service = await Recorded.up(`
name: activation
components:
  web:
    level: ${level}
    root: host${landlock}
    command: ${perl(SERVER)}
    listen:
      http: { host: "127.0.0.1:${http}", port: 80, descriptor: true }
      admin: { host: "127.0.0.1:${admin}", descriptor: true }
`);
      expect(await get(http)).toBe("it serves");
      expect(service.lines("web")).toEqual(["mine http:admin"]);
      const answers = Array.from({ length: 20 }, async (_, at) => {
        await new Promise((resolve) => setTimeout(resolve, at * 20));
        return await get(http);
      });
      await service.running.restart("web");
      expect(await Promise.all(answers)).toEqual(answers.map(() => "it serves"));
      expect(service.lines("web")).toEqual(["mine http:admin", "mine http:admin"]);
    });

    it("cannot turn one into a way to the host", async () => {
      const asset = createServer();
      let reached = 0;
      asset.on("connection", (socket) => {
        reached += 1;
        socket.destroy();
      });
      asset.listen(0, "127.0.0.1");
      await once(asset, "listening");
      const { port } = asset.address() as { port: number };
      // A socket of the host's would connect: after shutdown(2) it no longer listens, and its network stays the host's.
      const attack = `${OPEN} shutdown($s{3}, 0) or die; print connect($s{3}, sockaddr_in(${port}, inet_aton("127.0.0.1"))) ? "connected" : "refused", "\\n"; sleep 60`;
      try {
        await using service = await Recorded.up(`
name: activation
components:
  web:
    level: ${level}
    root: host
    command: ${perl(attack)}
    ready: started
    listen: { http: { host: "127.0.0.1:${await freePort()}", port: 80, descriptor: true } }
`);
        await eventually("it has tried", 60_000, () => service.lines("web").length > 0);
        expect(service.lines("web")).toEqual(["refused"]);
        expect(reached).toBe(0);
      } finally {
        asset.close();
      }
    });
  });
});

it("refuses a descriptor of a Unix socket, and two of one port", async () => {
  const text = `
name: refused
components:
  one:
    command: [sleep, "60"]
    provides: { rpc: { socket: /run/rpc.sock } }
    listen:
      rpc: { host: "127.0.0.1:7001", descriptor: true }
      http: { host: "127.0.0.1:7002", port: 80, descriptor: true }
      other: { host: "127.0.0.2:7002", port: 80, descriptor: true }
  two:
    command: [sleep, "60"]
    listen: { http: { host: "127.0.0.1:7003", socket: /tmp/a, descriptor: true } }
`;
  const failure = await Service.parse(text, process.cwd()).catch((error: unknown) => String(error));
  expect(failure).toContain("components.one.listen.rpc.descriptor: needs a port");
  expect(failure).toContain("components.one.listen.other.descriptor: port 80 inside is already the descriptor http");
  expect(failure).toContain("components.two.listen.http");
});

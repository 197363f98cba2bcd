import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "bulkhead";
import type { EgressEvent } from "bulkhead/egress";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificatesIn } from "../../packages/bulkhead/src/egress/tls/roots.js";
import { forEachLevel } from "../support/levels.js";
import type { TemporaryDirectory } from "../support/temporary.js";
import { Names } from "./support/names.js";
import { pythonIndex } from "./support/python-index.js";
import { certificateFor, type Served, serveCanary, serveHttp } from "./support/servers.js";
import { BUNDLE, smallRoot } from "./support/small-root.js";
import { WEBSOCKET_SERVER, WebSocketClient } from "./support/websocket.js";

const SECRET = "s3cret-value-that-nobody-inside-may-see";
const PIP = "python3 -m pip install -q --disable-pip-version-check --no-cache-dir --no-compile --retries 0 --target";

/** One policy and one root; what it lets through is one index, whatever the wall is made of. */
let root: TemporaryDirectory;
beforeAll(async () => {
  root = await smallRoot();
});
afterAll(async () => await root[Symbol.asyncDispose]());

await forEachLevel(
  (level) => {
    describe("one policy", () => {
      const certificate = certificateFor("index.test", "api.test");
      const events: EgressEvent[] = [];
      const credentials: (string | undefined)[] = [];
      let index: Served;
      let canary: Served;
      let names: Names;
      let sandbox: Sandbox;

      beforeAll(async () => {
        const python = pythonIndex();
        index = await serveHttp((request, response) => {
          credentials.push(request.headers.authorization);
          if (request.url === "/text") response.end(`you said ${request.headers.authorization}\n`);
          else python(request, response);
        }, certificate);
        canary = await serveCanary();
        names = await Names.start({
          "index.test": ["127.0.0.1"],
          "api.test": ["127.0.0.1"],
          "other.test": ["127.0.0.1"],
          "inner.test": ["127.0.0.1"],
        });
        sandbox = await Sandbox.create(
          {
            level,
            root: root.path,
            env: {
              INDEX: `index.test:${index.port}`,
              API: `api.test:${index.port}`,
              CANARY: String(canary.port),
              NEEDLE: SECRET.slice(0, 8),
            },
            resources: { memory: "256MiB" },
            secrets: { API_KEY: { hosts: [`api.test:${index.port}`], value: SECRET } },
            network: {
              allow: [
                { host: "index.test", ports: index.port, protocol: "https", private: true },
                { host: "api.test", ports: index.port, protocol: "https", private: true },
                // Its name leads to an address that no rule names.
                `inner.test:${canary.port}`,
              ],
            },
          },
          {
            egress: {
              resolver: { servers: names.servers },
              authorities: [certificate.cert],
              onEgressEvent: (event) => void events.push(event),
            },
          },
        );
      });
      afterAll(async () => {
        await sandbox.kill();
        await Promise.all([index, canary, names].map((each) => each[Symbol.asyncDispose]()));
      });

      const said = async (command: string) => {
        const { stdout, stderr } = await sandbox.run(["sh", "-c", command], { timeoutMs: 100_000 });
        return `${stdout}${stderr}`;
      };

      test("pip installs from the one index that is named, and from nowhere else", async () => {
        expect(await said(`${PIP} /work/a --index-url https://$INDEX/simple/ bulkheadprobe 2>&1`)).toBe("");
        expect(await said("PYTHONPATH=/work/a python3 -c 'import bulkheadprobe'")).toBe("installed and imported\n");
        const denied = events.length;
        const elsewhere = "bulkheadprobe >/dev/null 2>&1 || echo no";
        expect(await said(`${PIP} /work/b --index-url https://other.test:$CANARY/simple/ ${elsewhere}`)).toBe("no\n");
        expect(events.slice(denied)).toContainEqual(expect.objectContaining({ verdict: "deny", name: "other.test" }));
        expect(canary.connections()).toBe(0);
      }, 200_000);

      test("a program that knows of no proxy gets there by name, and to no other", async () => {
        const direct = (host: string) =>
          `curl -sS -m 30 --noproxy '*' -o /dev/null -w '%{http_code}' https://${host}/x 2>&1`;
        expect(await said(direct("$INDEX"))).toBe("404");
        expect(await said(direct("other.test:$CANARY"))).toContain("Could not resolve host");
        expect(canary.connections()).toBe(0);
      });

      test("no spelling of an address, and no other protocol, leads to what is not named", async () => {
        const script = `
          for to in other.test 127.0.0.1 localhost '[::1]' '[::ffff:127.0.0.1]' 0.0.0.0 127.1 2130706433 0x7f000001 inner.test index.test.; do
            for how in "" "-p" "-x $SOCKS_PROXY" "--noproxy *"; do
              set -f; curl -gsS -m 8 --noproxy '' $how "http://$to:$CANARY/" 2>&1 | grep -q reached && echo "reached $to $how"
            done
          done; echo done`;
        expect(await said(script)).toBe("done\n");
        expect(canary.connections()).toBe(0);
      }, 200_000);

      test("HTTP and WebSocket of a server inside are reached through an exposed port", async () => {
        await sandbox.files.write("/work/websocket.py", WEBSOCKET_SERVER);
        const server = await sandbox.exec(["python3", "/work/websocket.py", "8765"], { buffer: false });
        if (server.stdout !== null) await once(server.stdout, "data");
        await using port = await sandbox.expose(8765);
        expect(await (await fetch(`http://127.0.0.1:${port.port}/`)).text()).toBe("plain\n");
        using socket = await WebSocketClient.open(port.address, port.port);
        expect(await socket.echo("short")).toBe("short");
        expect(await socket.echo("long ".repeat(10_000))).toBe("long ".repeat(10_000));
        server.kill("SIGKILL");
        await server.result;
      });

      test("a secret reaches its host's header, and is nowhere inside", async () => {
        const command = `curl -sS -H "Authorization: Bearer $API_KEY" https://$API/text; env; cat /proc/*/environ 2>/dev/null; grep -rs "$NEEDLE" /work /tmp /etc; true`;
        const text = await said(command);
        expect(credentials).toContain(`Bearer ${SECRET}`);
        expect(text).toContain("you said");
        expect(text).not.toContain(SECRET);
      });

      test("a program that ignores the variables trusts the sandbox's CA, and every CA that it trusted before", async () => {
        const before = readFileSync(join(root.path, BUNDLE));
        const bare = `env -i $(command -v curl) -sS -m 60 -x http://127.0.0.1:3128 https://$API/text`;
        expect(await said(bare)).toBe("you said undefined\n");
        const inside = (await sandbox.files.read(BUNDLE)).toString();
        for (const one of certificatesIn(before.toString())) expect(inside).toContain(one);
        expect(await said(`echo mine >> ${BUNDLE}; true`)).toMatch(/read-only|denied/i);
        expect(readFileSync(join(root.path, BUNDLE)).equals(before)).toBe(true);
      });
    });
  },
  ["chroot", "container", "gvisor", "microvm"],
);

import { explain, type Level, Sandbox } from "bulkhead";
import type { EgressEvent } from "bulkhead/egress";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { exceptAt } from "../support/levels.js";
import { eventually } from "../support/time.js";
import { Names } from "./support/names.js";
import { certificateFor, type Served, serveHttp } from "./support/servers.js";

const SECRET = "loopback-secret-value";

/** What clients do with a rule that names the host's loopback. */
await exceptAt({ microvm: "its programs are those of `root: host`, which a guest has not" })((level: Level) => {
  describe("a rule for 127.0.0.1", () => {
    const events: EgressEvent[] = [];
    let host: Served;
    let sandbox: Sandbox;

    beforeAll(async () => {
      host = await serveHttp((_request, response) => response.end("the host's\n"));
      sandbox = await Sandbox.create(
        {
          level,
          root: "host",
          resources: { memory: "1GiB", pids: 128 },
          env: { NODE_OPTIONS: "--disable-wasm-trap-handler" },
          network: { allow: [`127.0.0.1:${host.port}`] },
        },
        { egress: { onEgressEvent: (event) => void events.push(event) } },
      );
      const server = `import http.server
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers(); self.wfile.write(b"the sandbox's\\n")
http.server.HTTPServer(("127.0.0.1", 8000), H).serve_forever()`;
      await sandbox.exec(["python3", "-c", server]);
      await eventually("the server inside listens", 20_000, async () => {
        return (await get("curl", "localhost", 8000)) === "the sandbox's\n";
      });
    });
    afterAll(async () => {
      await sandbox.kill();
      await host[Symbol.asyncDispose]();
    });

    const get = async (client: string, name: string, port: number) => {
      const url = `http://${name}:${port}/`;
      const commands: Record<string, string> = {
        curl: `curl -sS -m 20 ${url}`,
        python: `python3 -c 'import urllib.request; print(urllib.request.urlopen("${url}", timeout=20).read().decode(), end="")'`,
        node: `node -e 'fetch("${url}").then((answer) => answer.text()).then((text) => process.stdout.write(text))'`,
        wget: `busybox wget -q -O - ${url}`,
      };
      const { stdout, stderr } = await shell(sandbox, commands[client] ?? "false", { timeoutMs: 40_000 });
      return stdout + stderr;
    };
    const hasProxies = Number(process.versions.node.split(".")[0]) >= 24;

    test.each(["curl", "python", ...(hasProxies ? ["node"] : [])])(
      "is heeded by %s, whose own server stays at localhost",
      async (client) => {
        expect(await get(client, "127.0.0.1", host.port)).toBe("the host's\n");
        expect(await get(client, "localhost", 8000)).toBe("the sandbox's\n");
      },
    );

    test("a port of it that no rule names is refused with words that help", async () => {
      events.length = 0;
      expect(await get("curl", "127.0.0.1", 8000)).toContain("connect to the sandbox's own servers without it");
      expect(events).toMatchObject([{ verdict: "deny", reason: expect.stringContaining("the host's loopback") }]);
    });
  });

  test("explain says which name is whose", async () => {
    const by = async (...allow: readonly string[]) => {
      const { enforcement } = await explain({ level, network: { allow: [...allow] } });
      const line = enforcement.protections.find(({ protection }) => protection === "network");
      return line !== undefined && "by" in line ? line.by : "";
    };
    expect(await by("127.0.0.0/8:80")).toContain(
      "127.0.0.1 is this host's, by rule 127.0.0.0/8:80, and the sandbox's own servers are reached as localhost or ::1",
    );
    expect(await by("localhost", "127.0.0.1", "[::1]")).toContain("reached under no name");
    for (const other of ["example.org", "0.0.0.0/0:80", "*", "10.0.0.0/8"])
      expect(await by(other)).not.toContain("is this host's");
  });

  test("NO_PROXY holds the names that are the sandbox's own", async () => {
    const env = async (allow: readonly string[]) => {
      await using sandbox = await Sandbox.create({ level, network: { allow: [...allow] } });
      return (await shell(sandbox, "echo $NO_PROXY $no_proxy")).stdout.trim();
    };
    expect(await env(["example.org"])).toBe("localhost,127.0.0.1,::1 localhost,127.0.0.1,::1");
    expect(await env(["127.0.0.1:80"])).toBe("localhost,::1 localhost,::1");
    expect(await env(["tcp://[::1]:5432", "localhost"])).toBe("127.0.0.1 127.0.0.1");
  });

  test("a placeholder on another port of its host: the log says where it is for", async () => {
    const events: EgressEvent[] = [];
    const certificate = certificateFor("api.test");
    await using names = await Names.start({ "api.test": ["127.0.0.1"] });
    await using right = await serveHttp((_request, response) => response.end("right\n"), certificate);
    await using wrong = await serveHttp(
      (request, response) => response.end(`${request.headers["x-key"]}\n`),
      certificate,
    );
    await using sandbox = await Sandbox.create(
      {
        level,
        secrets: { KEY: { hosts: [`api.test:${right.port}`], value: SECRET } },
        network: { allow: [{ host: "api.test", ports: [right.port, wrong.port], protocol: "https", private: true }] },
      },
      {
        egress: {
          resolver: { servers: names.servers },
          authorities: [certificate.cert],
          onEgressEvent: (event) => void events.push(event),
        },
      },
    );
    const { stdout } = await shell(sandbox, `wget -q -O - --header "X-Key: $KEY" https://api.test:${wrong.port}/`);
    expect(stdout).toMatch(/^bulkhead-[0-9a-f]{32}\n$/);
    expect(events).toMatchObject([
      {
        secrets: [],
        reason: `it carries the placeholder of KEY, which is for headers to api.test:${right.port} over TLS, and for no other place`,
      },
    ]);
  });
});

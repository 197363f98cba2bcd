import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { EgressEvent } from "bulkhead/egress";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { certificateFor, type Served, serveCanary, serveHttp } from "./support/servers.js";
import { WEBSOCKET_SERVER, WebSocketClient } from "./support/websocket.js";

const cli = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));
const SECRET = "s3cret-value-that-nobody-inside-may-see";
const EVENT = [
  ...["time", "id", "verdict", "rule", "reason", "name", "address", "port", "via"],
  ...["method", "path", "secrets", "bytesIn", "bytesOut", "ms"],
].sort();

/** The flags of `bulkhead run`, as it was built. A rule that names an address of loopback lets it be reached. */
await forEachLevel(
  (level) => {
    describe.skipIf(!existsSync(cli))("the command line", () => {
      const certificate = certificateFor("localhost");
      const credentials: (string | undefined)[] = [];
      let web: Served;
      let tls: Served;
      let canary: Served;
      let directory: TemporaryDirectory;

      beforeAll(async () => {
        web = await serveHttp((request, response) => response.end(`hello ${request.method} ${request.url}\n`));
        tls = await serveHttp((request, response) => {
          credentials.push(request.headers.authorization);
          response.end(`you said ${request.headers.authorization}\n`);
        }, certificate);
        canary = await serveCanary();
        directory = await TemporaryDirectory.create("egress-cli", 0o755);
      });
      afterAll(async () => {
        await Promise.all([web, tls, canary, directory].map((each) => each[Symbol.asyncDispose]()));
      });

      const bulkhead = async (flags: readonly string[], script: string, env: NodeJS.ProcessEnv = {}) => {
        const argv = [cli, "run", "--level", level, "--root", "host", ...flags, "--", "sh", "-c", script];
        const child = spawn(process.execPath, argv, {
          env: { ...process.env, ...env },
          stdio: ["ignore", "pipe", "pipe"],
        });
        let [stdout, stderr] = ["", ""];
        child.stdout.on("data", (chunk) => (stdout += String(chunk)));
        child.stderr.on("data", (chunk) => (stderr += String(chunk)));
        const code = await new Promise((resolve) => child.once("close", resolve));
        return { code, stdout, stderr };
      };

      const logged = (file: string): readonly EgressEvent[] =>
        readFileSync(file, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as EgressEvent);

      test("--allow lets through, --deny wins, and --egress-log has a line of JSON for each decision", async () => {
        const log = directory.join(`${level}.jsonl`);
        const { code, stdout, stderr } = await bulkhead(
          ["--allow", "127.0.0.1/32:*", "--deny", `127.0.0.1:${canary.port}`, "--egress-log", log],
          `curl -sS --noproxy '' http://127.0.0.1:${web.port}/path?query=1
           curl -sS --noproxy '' http://127.0.0.1:${canary.port}/
           curl -sS --noproxy '' http://example.invalid/`,
        );
        expect({ code, stdout }, stderr).toEqual({
          code: 0,
          stdout: "hello GET /path?query=1\nbulkhead: a rule denies it\nbulkhead: no rule allows it\n",
        });
        expect(canary.connections()).toBe(0);
        const lines = logged(log);
        expect(lines.map((line) => Object.keys(line).sort())).toEqual([EVENT, EVENT, EVENT]);
        expect([...lines].sort((one, other) => one.id - other.id)).toMatchObject([
          {
            verdict: "allow",
            rule: "127.0.0.1/32:*",
            name: "127.0.0.1",
            address: "127.0.0.1",
            port: web.port,
            via: "http",
            method: "GET",
            path: "/path",
            reason: null,
            secrets: [],
          },
          { verdict: "deny", rule: `127.0.0.1:${canary.port}`, port: canary.port, address: null, bytesOut: 0 },
          { verdict: "deny", rule: null, name: "example.invalid", port: 80, address: null },
        ]);
        expect(lines[0]?.bytesIn).toBeGreaterThan(20);
        expect(Date.now() - Date.parse(lines[0]?.time ?? "")).toBeLessThan(600_000);
        // It says where a workload went: nobody else may read it.
        expect(statSync(log).mode & 0o777).toBe(0o600);
      });

      test("--net none shuts what a policy lets through, and --net full opens nothing that is private", async () => {
        const policy = directory.join("policy.json");
        writeFileSync(policy, JSON.stringify({ network: { allow: [`127.0.0.1:${canary.port}`] } }));
        const ask = `curl -sS -m 5 --noproxy '' -x http://127.0.0.1:3128 http://127.0.0.1:${canary.port}/`;
        const none = await bulkhead(["--policy", policy, "--net", "none"], ask);
        expect(none.stdout).not.toContain("reached");
        expect(none.code).toBe(7); // curl: there is no proxy to connect to
        const full = await bulkhead(["--net", "full"], ask);
        expect(full.stdout).toContain("not public (loopback)");
        expect(canary.connections()).toBe(0);
      });

      /** Only a policy can say that a name may lead to this host's own loopback. */
      const toLocalhost = () => {
        const file = directory.join("localhost.json");
        const rule = { host: "localhost", ports: tls.port, protocol: "https", private: true };
        writeFileSync(file, JSON.stringify({ network: { allow: [rule] } }));
        return ["--policy", file];
      };

      test("--secret puts a value into its host's header, and into nothing else", async () => {
        const [log, record] = [directory.join(`${level}-secret.jsonl`), directory.join(`${level}-record.json`)];
        const authority = directory.join("ca.pem");
        writeFileSync(authority, certificate.cert);
        const { code, stdout, stderr } = await bulkhead(
          [
            ...toLocalhost(),
            "--egress-log",
            log,
            "--record",
            record,
            "--secret",
            `API_KEY=env:TEST_TOKEN@localhost:${tls.port}`,
          ],
          `curl -sS --noproxy '' -H "Authorization: Bearer $API_KEY" https://localhost:${tls.port}/x; env`,
          { TEST_TOKEN: SECRET, NODE_EXTRA_CA_CERTS: authority },
        );
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(credentials).toEqual([`Bearer ${SECRET}`]);
        expect(stdout).toContain(`you said Bearer ${"*".repeat(SECRET.length)}`);
        expect(stdout).toMatch(/^API_KEY=bulkhead-[0-9a-f]{32}$/m);
        const envelope = JSON.parse(readFileSync(record, "utf8")) as { readonly payload: string };
        const statement = Buffer.from(envelope.payload, "base64").toString();
        expect(statement).toContain('"network"');
        expect(`${stdout}${readFileSync(log, "utf8")}${statement}`).not.toContain(SECRET);
        expect(logged(log)).toMatchObject([{ verdict: "allow", method: "GET", path: "/x", secrets: ["API_KEY"] }]);
      });

      test("a secret that is unavailable, or that no rule lets out, lets nothing start", async () => {
        const source = ["--secret", `API_KEY=env:NO_SUCH_VARIABLE@localhost:${tls.port}`];
        const missing = await bulkhead([...toLocalhost(), ...source], "echo started");
        expect(missing).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining("NO_SUCH_VARIABLE") });
        const astray = await bulkhead([...toLocalhost(), "--secret", "API_KEY=env:HOME@other.example"], "echo started");
        expect(astray).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining("other.example") });
      });

      test("-p carries HTTP and WebSocket to a port inside", async () => {
        const port = await freePort();
        const file = directory.join("websocket.py");
        writeFileSync(file, WEBSOCKET_SERVER);
        const argv = [cli, "run", "--level", level, "--root", "host", "--mount", `${file}:/websocket.py`].concat([
          "-p",
          `${port}:8765`,
          "--",
          "python3",
          "/websocket.py",
          "8765",
        ]);
        const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
        const ended = new Promise((resolve) => child.once("close", resolve));
        await once(child.stdout, "data");
        expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("plain\n");
        using socket = await WebSocketClient.open("127.0.0.1", port);
        expect(await socket.echo("there and back")).toBe("there and back");
        child.kill("SIGTERM");
        await ended;
      });
    });
  },
  ["container"],
);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

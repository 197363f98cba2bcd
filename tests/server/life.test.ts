import { execFile, spawn } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { TestServer } from "./support/server.js";

const launcher = new URL("../../bulkhead", import.meta.url).pathname;
const run = promisify(execFile);

async function command(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(launcher, args)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** Live sandboxes that this server's broker has, by the arguments of their programs. */
async function isAlive(marker: string): Promise<boolean> {
  const { stdout } = await run("ps", ["-eo", "args"]);
  return stdout.split("\n").some((line) => line.trim() === `sleep ${marker}`);
}

describe("bulkhead serve", () => {
  it("prints a curl line that works, and stops at SIGTERM with code 0", async () => {
    await using state = await TemporaryDirectory.create("curl");
    const child = spawn(launcher, ["serve", "--state", state.path, "--listen", "127.0.0.1:0"], { stdio: "pipe" });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await expect.poll(() => said).toContain("-d ");
    const line = said.slice(said.indexOf("curl "));
    const { stdout } = await run("sh", ["-c", line]);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("uid=1000") });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });

  it("finishes what is in progress at SIGTERM, refuses more, and ends sandboxes", async () => {
    await using state = await TemporaryDirectory.create("drain");
    await using server = await TestServer.start(state);
    const { json: sandbox } = await server.send("POST", "/v1/sandboxes", { json: {} });
    const slow = server.send("POST", "/v1/run", { json: { argv: ["sh", "-c", "sleep 2; echo done"] } });
    await expect.poll(async () => await readFile(state.join("audit.jsonl"), "utf8")).toContain('"action":"run"');
    const ended = server.end();
    await expect
      .poll(async () => (await server.send("POST", "/v1/run", { json: { argv: ["id"] } })).json.code)
      .toBe("SERVER_STOPPING");
    expect((await slow).json.stdout).toBe("done\n");
    expect(await ended).toBe(0);
    await using again = await TestServer.start(state, "--new-token");
    const { json } = await again.send("GET", `/v1/sandboxes/${sandbox.id}`);
    expect(json).toMatchObject({ state: "killed", reason: "SERVER_STOPPING" });
    expect(again.lost).toEqual([]);
  });

  it("keeps its state for its owner alone, and tokens as hashes", async () => {
    await using state = await TemporaryDirectory.create("secret");
    const server = await TestServer.start(state);
    await server.send("POST", "/v1/run", { json: { argv: ["id"] } });
    await server.end();
    // Its stdout was no terminal, so the token is in a file.
    expect((await stat(state.join("operator-token"))).mode & 0o777).toBe(0o600);
    expect(server.said).not.toContain(server.token.slice(-64));
    for (const name of ["state.db", "audit.jsonl"]) {
      expect((await readFile(state.join(name), "latin1")).includes(server.token.slice(-64))).toBe(false);
    }
  });

  it("refuses a state directory that another server uses", async () => {
    await using state = await TemporaryDirectory.create("twice");
    await using server = await TestServer.start(state);
    const { code, stderr } = await command("serve", "--state", state.path, "--listen", "127.0.0.1:0");
    expect([code, stderr]).toEqual([125, expect.stringContaining("SERVER_STATE_UNUSABLE")]);
    expect((await server.send("GET", "/v1/me")).status).toBe(200);
  });

  it("writes the operator's token to a new file, and to no other", async () => {
    await using state = await TemporaryDirectory.create("token");
    await writeFile(state.join("taken"), "", { mode: 0o644 });
    const args = ["serve", "--state", state.join("s"), "--listen", "127.0.0.1:0"];
    const { code, stderr } = await command(...args, "--token-file", state.join("taken"));
    expect([code, stderr]).toEqual([125, expect.stringContaining("PATH_UNUSABLE")]);
    expect(await readFile(state.join("taken"), "utf8")).toBe("");
    // The refusal made no token, so this is still the first start.
    await command("serve", "--state", state.join("s"), "--listen", "192.0.2.1:1", "--behind-proxy");
    const child = spawn(launcher, [...args, "--token-file", state.join("new")], { stdio: "ignore" });
    await expect.poll(async () => await readFile(state.join("new"), "utf8").catch(() => "")).toContain("bulkhead_");
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });

  it("audits what it refuses, counted, with the token that was named", async () => {
    await using state = await TemporaryDirectory.create("refusals");
    const server = await TestServer.start(state);
    const id = server.token.slice(9, 25);
    const wrong = `bulkhead_${id}_${"0".repeat(64)}`;
    for (const token of [wrong, wrong, null]) await server.send("GET", "/v1/me", { token });
    await server.send("POST", "/v1/run", { json: { argv: ["id"], policy: { level: "chroot" } } });
    const headers = { accept: "text/event-stream" };
    const json = { argv: ["id"], policy: { network: "full" } };
    await (await server.fetch("POST", "/v1/run", { json, headers })).text();
    await server.end();
    const lines = (await readFile(state.join("audit.jsonl"), "utf8")).trimEnd().split("\n");
    const refused = lines.map((line) => JSON.parse(line)).filter(({ action }) => action === "request.refuse");
    const seen = refused.map(({ token, outcome, count, address }) => [token, outcome, count, address]);
    expect(seen).toEqual([
      [id, "TOKEN_REFUSED", 2, "127.0.0.1"],
      [null, "TOKEN_REFUSED", 1, "127.0.0.1"],
      [id, "FLOOR_VIOLATED", 2, "127.0.0.1"],
    ]);
    expect(await command("audit", "verify", "--state", state.path)).toMatchObject({ code: 0 });
  });

  it.each([
    ["an address of the network without TLS", ["--listen", "0.0.0.0:0"], "SERVER_LISTEN_UNSAFE"],
    ["an address that is a name", ["--listen", "localhost:80"], "USAGE"],
    ["a time to keep that is none", ["--keep", "some"], "USAGE"],
    ["no time to keep", ["--keep", "0"], "USAGE"],
    ["a certificate without its key", ["--tls-cert", "x"], "USAGE"],
    ["templates that are not there", ["--templates", "/nonexistent"], "PATH_UNUSABLE"],
  ])("refuses %s", async (_, args, code) => {
    await using state = await TemporaryDirectory.create("refused");
    const refused = await command("serve", "--state", state.join("s"), ...args);
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining(code)]);
  });

  it("serves TLS", async () => {
    await using state = await TemporaryDirectory.create("tls");
    const [key, cert] = [state.join("key.pem"), state.join("cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-nodes", "-keyout", key, "-out", cert, "-days", "2"];
    await run("openssl", [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      ...files,
      ...subject,
    ]);
    await using server = await TestServer.start(state, "--tls-cert", cert, "--tls-key", key);
    const { stdout } = await run("curl", ["-sS", "--cacert", cert, `${server.url}/healthz`]);
    expect(JSON.parse(stdout)).toEqual({ status: "ok" });
  });

  it("offers the operator's templates, which may name host paths", async () => {
    await using state = await TemporaryDirectory.create("templates");
    await using templates = await TemporaryDirectory.create("policies", 0o755);
    await writeFile(templates.join("data"), "of the host", { mode: 0o644 });
    await writeFile(templates.join("tool.yaml"), "files:\n  - { host: ., at: /data }\n");
    await writeFile(templates.join("weak.yaml"), "level: chroot\n");
    await using server = await TestServer.start(state, "--templates", templates.path);
    expect((await server.send("GET", "/v1/me")).json.templates).toEqual(["tool", "weak"]);
    const ask = async (template: string) =>
      await server.send("POST", "/v1/run", { json: { template, argv: ["cat", "/data/data"] } });
    expect((await ask("tool")).json.stdout).toBe("of the host");
    // The floor holds for templates too.
    expect((await ask("weak")).json.code).toBe("FLOOR_VIOLATED");
    expect((await ask("other")).json.code).toBe("API_NOT_FOUND");
  });
});

describe("kill -9 of the server", () => {
  it("loses its sandboxes, says so by code, and leaves nothing behind", async () => {
    await using state = await TemporaryDirectory.create("killed");
    const server = await TestServer.start(state);
    const marker = String(100_000 + (process.pid % 100_000));
    const { json: sandbox } = await server.send("POST", "/v1/sandboxes", { json: {} });
    const exec = { argv: ["sleep", marker], detach: true };
    const path = `/v1/sandboxes/${sandbox.id}/executions`;
    const { json: execution } = await server.send("POST", path, { json: exec });
    const headers = { "idempotency-key": "interrupted" };
    const interrupted = server
      .send("POST", "/v1/run", { json: { argv: ["sleep", marker] }, headers })
      .catch(() => null);
    await expect.poll(async () => await readFile(state.join("audit.jsonl"), "utf8")).toContain('"action":"run"');
    await expect.poll(async () => await isAlive(marker)).toBe(true);
    await server.end("SIGKILL");
    await interrupted;
    await expect.poll(async () => await isAlive(marker)).toBe(false);
    await using again = await TestServer.start(state);
    expect(again.lost).toEqual([sandbox.id]);
    // The first token is still the operator's.
    const sent = { token: server.token };
    const { json } = await again.send("GET", `/v1/sandboxes/${sandbox.id}`, sent);
    expect(json).toMatchObject({ state: "lost", reason: "SANDBOX_LOST" });
    expect((await again.send("GET", `${path}/${execution.id}`, sent)).json.state).toBe("lost");
    expect((await again.send("POST", path, { ...sent, json: exec })).json.code).toBe("SANDBOX_CLOSED");
    const repeated = await again.send("POST", "/v1/run", { ...sent, json: { argv: ["sleep", marker] }, headers });
    expect(repeated.json.code).toBe("IDEMPOTENCY_UNKNOWN");
    await again.end();
    expect(await command("audit", "verify", "--state", state.path)).toMatchObject({ code: 0 });
  });
});

describe("bulkhead audit verify", () => {
  it("names the line that was changed, and the server does not start on a log that lost its end", async () => {
    await using state = await TemporaryDirectory.create("audit");
    const server = await TestServer.start(state);
    await server.send("POST", "/v1/run", { json: { argv: ["id"] } });
    await server.send("POST", "/v1/run", { json: { argv: ["id"] } });
    await server.end();
    const path = state.join("audit.jsonl");
    const whole = await readFile(path, "utf8");
    await writeFile(path, whole.replace('"outcome":"ok"', '"outcome":"OK"'));
    const changed = await command("audit", "verify", "--state", state.path);
    expect([changed.code, changed.stdout]).toEqual([1, expect.stringMatching(/^line 2: /)]);
    await writeFile(path, `${whole.split("\n").slice(0, 2).join("\n")}\n`);
    expect((await command("audit", "verify", "--state", state.path)).stdout).toMatch(/^line 3: /);
    const refused = await command("serve", "--state", state.path, "--listen", "127.0.0.1:0");
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining("AUDIT_BROKEN")]);
    // A line that a crash cut off is no change.
    await writeFile(path, `${whole}{"seq":`);
    await using again = await TestServer.start(state, "--new-token");
    expect((await again.send("POST", "/v1/run", { json: { argv: ["id"] } })).status).toBe(200);
    expect(await command("audit", "verify", "--state", state.path)).toMatchObject({ code: 0 });
  });
});

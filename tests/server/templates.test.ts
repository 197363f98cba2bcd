import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";
import { startServer, type TestServer } from "./support/server.js";

let server: TestServer;
let close: () => Promise<void>;
let operators: TemporaryDirectory;

beforeAll(async () => {
  operators = await TemporaryDirectory.create("operators", 0o755);
  await writeFile(operators.join("theirs.yaml"), "hostname: operator\n");
  ({ server, close } = await startServer("templates", "--templates", operators.path));
});

afterAll(async () => {
  await close();
  await operators[Symbol.asyncDispose]();
});

async function project(name: string, options: object = {}) {
  const { token, project: id } = await server.tenant(name, options);
  const put = async (template: string, json: object) =>
    await server.send("PUT", `/v1/templates/${template}`, { token, json });
  const run = async (template: string, ...argv: readonly string[]) =>
    await server.send("POST", "/v1/run", { token, json: { template, argv } });
  const alive = async () => {
    const { text } = await server.send("GET", "/metrics");
    return Number(new RegExp(`bulkhead_sandboxes_alive\\{project="${id}"\\} (\\d+)`).exec(text)?.[1]);
  };
  const pooled = async (outcome: string) => {
    const { text } = await server.send("GET", "/metrics");
    const form = new RegExp(`bulkhead_pool_runs_total\\{project="${id}",outcome="${outcome}"\\} (\\d+)`);
    return Number(form.exec(text)?.[1] ?? 0);
  };
  return { token, put, run, alive, pooled };
}

describe("a template of a project", () => {
  it("names a policy for run and sandboxes, and is listed, changed and removed", async () => {
    const { token, put, run } = await project("names");
    const made = await put("one", { policy: { hostname: "first" } });
    expect([made.status, made.json]).toMatchObject([200, { name: "one", policy: { hostname: "first" }, pool: 0 }]);
    expect((await run("one", "hostname")).json.stdout).toBe("first\n");
    await put("one", { policy: { hostname: "second" } });
    expect((await run("one", "hostname")).json.stdout).toBe("second\n");
    const { json } = await server.send("POST", "/v1/sandboxes", { token, json: { template: "one" } });
    expect(json.template).toBe("one");
    await server.send("DELETE", `/v1/sandboxes/${json.id}`, { token });
    const { json: list } = await server.send("GET", "/v1/templates", { token });
    expect(list.templates).toEqual([{ name: "one", pool: 0, createdAt: expect.any(String) }]);
    expect((await server.send("GET", "/v1/templates/one", { token })).json.policy).toEqual({ hostname: "second" });
    expect((await server.send("DELETE", "/v1/templates/one", { token })).status).toBe(204);
    expect((await run("one", "hostname")).json.code).toBe("API_NOT_FOUND");
  });

  it.each([
    ["beyond the floor", { policy: { network: "full" } }, "FLOOR_VIOLATED"],
    ["with a path of the server", { policy: { files: [{ host: "/etc", at: "/x" }] } }, "FLOOR_VIOLATED"],
    ["with a secret", { policy: { secrets: { A: { value: "x", hosts: ["a.example"] } } } }, "API_REQUEST_INVALID"],
    ["that is none", { policy: { nothing: 1 } }, "FLOOR_VIOLATED"],
    ["larger than 64 KiB", { policy: { env: { A: "x".repeat(64 * 1024) } } }, "API_REQUEST_INVALID"],
    ["with too large a pool", { policy: {}, pool: 65 }, "API_REQUEST_INVALID"],
  ])("is refused %s", async (what, json, code) => {
    const { put } = await project(`refused ${what}`);
    expect((await put("x", json)).json.code).toBe(code);
  });

  it("cannot have the name of an operator's", async () => {
    const { put, run } = await project("shadows");
    expect((await put("theirs", { policy: {} })).json.code).toBe("API_REQUEST_INVALID");
    expect((await run("theirs", "hostname")).json.stdout).toBe("operator\n");
  });
});

describe("a template with a pool", () => {
  it("serves each run with a sandbox of its own that stood ready, and counts it against the quotas", async () => {
    const { put, run, alive, pooled } = await project("pool", { quotas: { sandboxes: 3, requestsPerSecond: 10_000 } });
    await put("ready", { policy: { hostname: "pooled" }, pool: 2 });
    expect(await alive()).toBe(0);
    for (let count = 0; count < 4; count += 1) {
      const script = "cat /work/seen 2>/dev/null; echo before > /work/seen; hostname";
      expect((await run("ready", "sh", "-c", script)).json).toMatchObject({ exitCode: 0, stdout: "pooled\n" });
    }
    expect(await alive()).toBe(2);
    expect((await pooled("hit")) + (await pooled("miss"))).toBe(4);
    expect(await pooled("hit")).toBeGreaterThan(0);
    // The quota has no room for another pool now, and none for a larger one ever.
    await put("other", { policy: { hostname: "alone" }, pool: 2 });
    expect((await run("other", "hostname")).json).toMatchObject({ exitCode: 0, stdout: "alone\n" });
    expect(await alive()).toBe(2);
    expect((await put("large", { policy: {}, pool: 3 })).json).toMatchObject({ code: "API_REQUEST_INVALID" });
  });

  it("is refused if the quota for memory can never have room for it", async () => {
    const { put } = await project("memory", { quotas: { memoryBytes: 1024 ** 3 } });
    const policy = { resources: { memory: "256MiB" } };
    expect((await put("fits", { policy, pool: 3 })).status).toBe(200);
    expect((await put("large", { policy, pool: 4 })).json).toMatchObject({ code: "API_REQUEST_INVALID" });
  });

  it("has the new policy after a change, also in a variable only, and nothing after its removal", async () => {
    const { token, put, run, alive } = await project("change");
    for (const value of ["one", "two", "three"]) {
      await put("env", { policy: { env: { VALUE: value } }, pool: 1 });
      const both = await Promise.all([1, 2].map(() => run("env", "sh", "-c", "echo $VALUE")));
      expect(both.map(({ json }) => json.stdout)).toEqual([`${value}\n`, `${value}\n`]);
    }
    expect(await alive()).toBe(1);
    await server.send("DELETE", "/v1/templates/env", { token });
    expect(await alive()).toBe(0);
  });

  it("ends the program with its run's limits and streams its output", async () => {
    const { token, put } = await project("streams");
    await put("ready", { policy: { resources: { time: "1s" } }, pool: 1 });
    const json = { template: "ready", argv: ["sh", "-c", "echo out; sleep 1000"] };
    const headers = { accept: "text/event-stream" };
    const text = await (await server.fetch("POST", "/v1/run", { token, json, headers })).text();
    expect(text).toContain(Buffer.from("out\n").toString("base64"));
    expect(text).toContain('"timedOut":true');
  });
});

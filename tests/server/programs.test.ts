import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, outputOf, type ServerEvent, startServer, type TestServer } from "./support/server.js";

let server: TestServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ server, close } = await startServer("programs"));
});

afterAll(async () => await close());

async function sandbox(): Promise<string> {
  const { status, json } = await server.send("POST", "/v1/sandboxes", { json: {} });
  expect(status).toBe(201);
  return json.id;
}

describe.each(["chroot", "container"])("a run at level %s", (level) => {
  it("answers with the result that the library has", async () => {
    const { token } = await server.tenant(`run-${level}`, { floor: { level: "chroot" } });
    const argv = ["sh", "-c", "cat; echo $GREETING; echo no >&2; exit 3"];
    const json = { argv, policy: { level }, input: "in\n", env: { GREETING: "hello" } };
    const reply = await server.send("POST", "/v1/run", { token, json });
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({ exitCode: 3, signal: null, stdout: "in\nhello\n", stderr: "no\n", level });
    expect(reply.json.enforcement.protections.length).toBeGreaterThan(20);
  });
});

describe("a run", () => {
  it("streams output as it comes, then the result", async () => {
    const json = { argv: ["sh", "-c", "echo one; read line; echo $line >&2"], input: "two\n" };
    const response = await server.fetch("POST", "/v1/run", { json, headers: { accept: "text/event-stream" } });
    const events: ServerEvent[] = [];
    for await (const event of eventsOf(response)) events.push(event);
    expect(events.map(({ event }) => event)).toEqual(["start", "stdout", "stderr", "result"]);
    expect([outputOf(events, "stdout"), outputOf(events, "stderr")]).toEqual(["one\n", "two\n"]);
    expect(events.at(-1)?.data).toMatchObject({ exitCode: 0, level: "container" });
  });

  it("keeps each byte of binary input and output", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const json = { argv: ["cat"], inputBase64: bytes.toString("base64") };
    const response = await server.fetch("POST", "/v1/run", { json, headers: { accept: "text/event-stream" } });
    const pieces: Buffer[] = [];
    for await (const { event, data } of eventsOf(response)) {
      if (event === "stdout") pieces.push(Buffer.from(data.data, "base64"));
    }
    expect(Buffer.concat(pieces)).toEqual(bytes);
  });

  it("has a result for a program that is not there", async () => {
    const { json } = await server.send("POST", "/v1/run", { json: { argv: ["no-such-program"] } });
    expect(json).toMatchObject({ exitCode: 127, notFound: true });
  });

  it("ends with the client that streams it", async () => {
    const { token } = await server.tenant("gone", { quotas: { sandboxes: 1 } });
    const leaving = new AbortController();
    const headers = { accept: "text/event-stream" };
    const json = { argv: ["sh", "-c", "echo ready; sleep 1000"] };
    const response = await server.fetch("POST", "/v1/run", { token, json, headers, signal: leaving.signal });
    for await (const { event } of eventsOf(response)) if (event === "stdout") break;
    leaving.abort();
    // The quota allows one sandbox: another run shows that the first one is gone.
    await expect
      .poll(async () => (await server.send("POST", "/v1/run", { token, json: { argv: ["true"] } })).status)
      .toBe(200);
  });

  it("gets one result for one idempotency key, however often it is sent", async () => {
    const headers = { "idempotency-key": "once" };
    const json = { argv: ["cat", "/proc/sys/kernel/random/uuid"] };
    const first = await server.send("POST", "/v1/run", { json, headers });
    const second = await server.send("POST", "/v1/run", { json, headers });
    expect(first.json.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(second.json).toEqual(first.json);
    const other = await server.send("POST", "/v1/run", { json: { argv: ["id"] }, headers });
    expect([other.status, other.json.code]).toEqual([409, "IDEMPOTENCY_CONFLICT"]);
  });

  it("does not begin again with the key of a run whose client was gone", async () => {
    const headers = { "idempotency-key": "left" };
    const json = { argv: ["sh", "-c", "sleep 1000"] };
    const leaving = new AbortController();
    const left = server.send("POST", "/v1/run", { json, headers, signal: leaving.signal }).catch(() => undefined);
    await expect
      .poll(async () => (await server.send("POST", "/v1/run", { json, headers })).json.code)
      .toBe("IDEMPOTENCY_CONFLICT");
    leaving.abort();
    await left;
    await expect.poll(async () => (await server.send("POST", "/v1/run", { json, headers })).json.code).toBe("ABORTED");
  });

  it("is not begun again where its answer was too large to keep", async () => {
    const headers = { "idempotency-key": "large" };
    const json = { argv: ["head", "-c", "2000000", "/dev/zero"] };
    expect((await server.send("POST", "/v1/run", { json, headers })).status).toBe(200);
    const { status, json: answer } = await server.send("POST", "/v1/run", { json, headers });
    expect([status, answer.code, answer.detail]).toEqual([
      409,
      "IDEMPOTENCY_CONFLICT",
      expect.stringContaining("was carried out"),
    ]);
  });

  it("may be repeated with the key of a refused one", async () => {
    const headers = { "idempotency-key": "refused" };
    const refused = await server.send("POST", "/v1/run", { json: { argv: ["id"], template: "none" }, headers });
    expect(refused.json.code).toBe("API_NOT_FOUND");
    expect((await server.send("POST", "/v1/run", { json: { argv: ["id"] }, headers })).status).toBe(200);
  });

  it("refuses an idempotency key where it would have no effect", async () => {
    const headers = { "idempotency-key": "once", accept: "text/event-stream" };
    const { status, json } = await server.send("POST", "/v1/run", { json: { argv: ["id"] }, headers });
    expect([status, json.code]).toEqual([400, "API_REQUEST_INVALID"]);
  });
});

describe("a sandbox", () => {
  it("is created, listed, extended and killed", async () => {
    const id = await sandbox();
    const { json: extended } = await server.send("POST", `/v1/sandboxes/${id}/extend`, { json: { ttlMs: 3_000_000 } });
    expect(Date.parse(extended.expiresAt) - Date.now()).toBeGreaterThan(2_900_000);
    const running = await server.send("GET", "/v1/sandboxes?state=running");
    expect(running.json.sandboxes.map((each: { id: string }) => each.id)).toContain(id);
    const killed = await server.send("DELETE", `/v1/sandboxes/${id}`);
    expect([killed.status, killed.json.state]).toEqual([200, "killed"]);
    expect((await server.send("GET", `/v1/sandboxes/${id}`)).json.state).toBe("killed");
    const exec = await server.send("POST", `/v1/sandboxes/${id}/executions`, { json: { argv: ["id"] } });
    expect([exec.status, exec.json.code]).toEqual([409, "SANDBOX_CLOSED"]);
  });

  it("ends when it expires", async () => {
    const { json } = await server.send("POST", "/v1/sandboxes", { json: { ttlMs: 1000 } });
    await expect
      .poll(async () => (await server.send("GET", `/v1/sandboxes/${json.id}`)).json)
      .toMatchObject({ state: "expired", reason: "TIMED_OUT" });
  });

  it("is listed in pages that have each once", async () => {
    const { token } = await server.tenant("pages");
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      made.push((await server.send("POST", "/v1/sandboxes", { token, json: {} })).json.id);
    }
    const listed: string[] = [];
    for (let after = ""; ; ) {
      const { json } = await server.send("GET", `/v1/sandboxes?limit=2${after}`, { token });
      listed.push(...json.sandboxes.map(({ id }: { id: string }) => id));
      if (json.next === null) break;
      after = `&after=${json.next}`;
    }
    expect([...listed].sort()).toEqual([...made].sort());
    await Promise.all(made.map((id) => server.send("DELETE", `/v1/sandboxes/${id}`, { token })));
  });

  it("has files that are written, read, listed and removed", async () => {
    const id = await sandbox();
    const at = (path: string, kind = "files") => `/v1/sandboxes/${id}/${kind}?path=${encodeURIComponent(path)}`;
    const bytes = Buffer.alloc(3_000_000, "é");
    expect((await server.send("PUT", at("/work/d", "directories"))).status).toBe(204);
    expect((await server.send("PUT", at("/work/d/a b"), { bytes })).status).toBe(204);
    const read = await (await server.fetch("GET", at("/work/d/a b"), {})).arrayBuffer();
    expect(Buffer.from(read).equals(bytes)).toBe(true);
    const { json } = await server.send("GET", at("/work/d", "directories"));
    expect(json.entries).toMatchObject([{ name: "a b", type: "file", size: bytes.length }]);
    expect((await server.send("DELETE", at("/work/d"))).json.code).toBe("FILE_NOT_EMPTY");
    expect((await server.send("DELETE", `${at("/work/d")}&recursive=true`)).status).toBe(204);
    expect((await server.send("GET", at("/work/d/a b"))).status).toBe(404);
    await server.send("DELETE", `/v1/sandboxes/${id}`);
  });
});

describe("a detached program", () => {
  it("reads from later requests, gets signals, and keeps its result", async () => {
    const id = await sandbox();
    const start = async (argv: readonly string[]) => {
      const json = { argv, detach: true, stdin: "open" };
      const reply = await server.send("POST", `/v1/sandboxes/${id}/executions`, { json });
      expect([reply.status, reply.json.state]).toEqual([201, "running"]);
      return `/v1/sandboxes/${id}/executions/${reply.json.id}`;
    };
    const cat = await start(["cat"]);
    for (const bytes of ["one ", "two"]) {
      expect((await server.send("POST", `${cat}/stdin`, { bytes })).status).toBe(204);
    }
    await server.send("POST", `${cat}/stdin?end=true`, { bytes: "" });
    await expect.poll(async () => (await server.send("GET", cat)).json.state).toBe("ended");
    expect((await server.send("GET", cat)).json.result).toMatchObject({ exitCode: 0, stdout: "one two" });
    const sleep = await start(["sleep", "1000"]);
    await server.send("POST", `${sleep}/signal`, { json: { signal: "SIGTERM" } });
    await expect.poll(async () => (await server.send("GET", sleep)).json.result?.signal).toBe("SIGTERM");
    await server.send("DELETE", `/v1/sandboxes/${id}`);
    // Without its output, which may be secret and went with the sandbox.
    expect((await server.send("GET", cat)).json.result).toMatchObject({ exitCode: 0, stdout: "" });
  });

  it("that reads nothing makes the server hold one piece of its stdin, and no more", async () => {
    const id = await sandbox();
    const json = { argv: ["sleep", "1000"], detach: true, stdin: "open" };
    const started = await server.send("POST", `/v1/sandboxes/${id}/executions`, { json });
    const path = `/v1/sandboxes/${id}/executions/${started.json.id}/stdin`;
    const leaving = new AbortController();
    const bytes = Buffer.alloc(32 * 1024 * 1024);
    const waiting = server.send("POST", path, { bytes, signal: leaving.signal }).catch(() => undefined);
    const more = async () => {
      const signal = AbortSignal.timeout(5000);
      const reply = await server.send("POST", path, { bytes: "x", signal }).catch(() => undefined);
      return [reply?.status, reply?.json?.code];
    };
    await expect.poll(more).toEqual([409, "STREAM_FAILED"]);
    leaving.abort();
    await waiting;
    expect(await more()).toEqual([409, "STREAM_FAILED"]);
    await server.send("DELETE", `/v1/sandboxes/${id}`);
  });

  it("is refused where 64 are in progress or wait for their turn", async () => {
    const id = await sandbox();
    const path = `/v1/sandboxes/${id}/executions`;
    const json = { argv: ["sleep", "1000"], detach: true };
    const first = Array.from({ length: 64 }, () => server.send("POST", path, { json }));
    const oneMore = async () => {
      const reply = await server.send("POST", path, { json, signal: AbortSignal.timeout(5000) }).catch(() => undefined);
      return [reply?.status, reply?.json.code];
    };
    await expect.poll(oneMore).toEqual([429, "TOO_MANY_OPERATIONS"]);
    await server.send("DELETE", `/v1/sandboxes/${id}`);
    await Promise.all(first);
  });

  it("streams when asked to, and lets stdin be written meanwhile", async () => {
    const id = await sandbox();
    const json = { argv: ["cat"], stdin: "open" };
    const headers = { accept: "text/event-stream" };
    const response = await server.fetch("POST", `/v1/sandboxes/${id}/executions`, { json, headers });
    const events: ServerEvent[] = [];
    for await (const event of eventsOf(response)) {
      events.push(event);
      const path = `/v1/sandboxes/${id}/executions/${event.data.id}/stdin?end=true`;
      if (event.event === "start") expect((await server.send("POST", path, { bytes: "late" })).status).toBe(204);
    }
    expect(outputOf(events, "stdout")).toBe("late");
    expect(events.at(-1)?.data).toMatchObject({ exitCode: 0 });
    await server.send("DELETE", `/v1/sandboxes/${id}`);
  });
});

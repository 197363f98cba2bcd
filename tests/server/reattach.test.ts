import { createHash } from "node:crypto";
import { Bulkhead } from "bulkhead-server/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cuttingProxy } from "./support/cutting.js";
import { eventsOf, outputOf, type ServerEvent, startServer, type TestServer } from "./support/server.js";

let server: TestServer;
let close: () => Promise<void>;
let base: string;
let token: string;

beforeAll(async () => {
  ({ server, close } = await startServer("reattach"));
  ({ token } = await server.tenant("reattach"));
  const { json } = await server.send("POST", "/v1/sandboxes", { token, json: {} });
  base = `/v1/sandboxes/${json.id}/executions`;
});

afterAll(async () => await close());

async function start(argv: readonly string[], more: object = {}): Promise<string> {
  const { json, status } = await server.send("POST", base, { token, json: { argv, detach: true, ...more } });
  expect(status).toBe(201);
  return `${base}/${json.id}`;
}

async function read(path: string, headers: Readonly<Record<string, string>> = {}) {
  const events: ServerEvent[] = [];
  const response = await server.fetch("GET", path, { token, headers });
  for await (const event of eventsOf(response)) events.push(event);
  return { stdout: outputOf(events, "stdout"), stderr: outputOf(events, "stderr"), last: events.at(-1), events };
}

describe("the output of a detached program", () => {
  it("is read from the start, from any byte and after the end, by several readers, with the exit status", async () => {
    const path = await start(["sh", "-c", "read line; printf abc; echo err >&2; printf def; exit 7"], {
      stdin: "open",
    });
    const early = [read(`${path}/output`), read(`${path}/output`)];
    await server.send("POST", `${path}/stdin?end=true`, { token, bytes: "go\n" });
    for (const { stdout, stderr, last } of await Promise.all(early)) {
      expect([stdout, stderr, last?.event, last?.data.result.exitCode]).toEqual(["abcdef", "err\n", "result", 7]);
      expect(last?.data).toMatchObject({ state: "ended", result: { stdout: "", stderr: "" } });
    }
    const whole = await read(`${path}/output`);
    const joined = async (from: number, how: "query" | "header") => {
      const { stdout, stderr } =
        how === "query"
          ? await read(`${path}/output?from=${from}`)
          : await read(`${path}/output?from=0`, { "last-event-id": String(from) });
      return stdout.length + stderr.length;
    };
    for (let from = 0; from <= 10; from += 1) {
      expect([await joined(from, "query"), await joined(from, "header")]).toEqual([10 - from, 10 - from]);
    }
    expect(whole.events.map(({ id }) => Number(id)).at(-1)).toBe(10);
  });

  it("written byte by byte, in turns to both streams, counts as what it takes of the server's memory", async () => {
    const quota = 2_000_000;
    const { token: other } = await server.tenant("drops", { quotas: { outputBytes: quota } });
    const { json } = await server.send("POST", "/v1/sandboxes", { token: other, json: {} });
    const path = `/v1/sandboxes/${json.id}/executions`;
    const runs = async (script: string) =>
      (await server.send("POST", path, { token: other, json: { argv: ["sh", "-c", script] } })).json;
    expect((await runs("while :; do printf a; printf b >&2; done")).code).toBe("QUOTA_EXCEEDED");
    const { result } = await runs("i=0; while [ $i -lt 9000 ]; do printf a; i=$((i+1)); done");
    expect(result.stdout).toBe("a".repeat(9000));
    await server.send("DELETE", `/v1/sandboxes/${json.id}`, { token: other });
  });

  it("refuses an offset that is none, and one beyond it", async () => {
    const path = await start(["printf", "abc"]);
    await read(`${path}/output`);
    for (const from of ["4", "-1", "x", "1.5", "9007199254740993"]) {
      const { status, json } = await server.send("GET", `${path}/output?from=${from}`, { token });
      expect([from, status, json.code]).toEqual([from, 400, "API_REQUEST_INVALID"]);
    }
    const headers = { "last-event-id": "<script>" };
    expect((await server.send("GET", `${path}/output`, { token, headers })).json.code).toBe("API_REQUEST_INVALID");
  });

  it("of a program that was not detached is not there", async () => {
    const { json } = await server.send("POST", base, { token, json: { argv: ["true"] } });
    expect((await server.send("GET", `${base}/${json.id}/output`, { token })).json.code).toBe("API_NOT_FOUND");
  });

  it("ends for its readers when the sandbox does, with what was written", async () => {
    const { json } = await server.send("POST", "/v1/sandboxes", { token, json: {} });
    const own = `/v1/sandboxes/${json.id}`;
    const argv = ["sh", "-c", "echo ready; exec sleep 1000"];
    const started = await server.send("POST", `${own}/executions`, { token, json: { argv, detach: true } });
    const path = `${own}/executions/${started.json.id}/output`;
    const response = await server.fetch("GET", path, { token });
    const seen = [];
    for await (const { event } of eventsOf(response)) {
      seen.push(event);
      if (event === "stdout") await server.send("DELETE", own, { token });
    }
    expect(seen).toEqual(["stdout", "result"]);
    expect((await server.send("GET", path, { token })).json.code).toBe("API_NOT_FOUND");
  });
});

describe("the client", () => {
  it("loses no byte over connections that break again and again, in both streams and their order", async () => {
    let size = 20_000;
    // From a few bytes of a head to several events.
    const nextSize = () => {
      size = (size * 7919) % 300_007;
      return 500 + size;
    };
    const way = await cuttingProxy(Number(new URL(server.url).port), nextSize);
    const direct = new Bulkhead({ url: server.url, token });
    await using sandbox = await direct.Sandbox.create({});
    const script = 'i=0; while [ $i -lt 300 ]; do head -c 4000 /dev/urandom; echo "$i" >&2; i=$((i+1)); done; exit 5';
    const argv = ["sh", "-c", `( ${script} ) | tee /work/copy; exit 5`];
    const { id } = await sandbox.start(argv);
    const broken = new Bulkhead({ url: way.url, token }).Sandbox.attach(sandbox);
    const process = broken.process(id);
    const result = await process.result();
    const offsets: number[] = [];
    const again = createHash("sha256");
    for await (const { stream, bytes, offset } of process.output()) {
      offsets.push(offset);
      if (stream === "stdout") again.update(bytes);
    }
    way.close();
    expect(way.cuts()).toBeGreaterThan(5);
    const copy = await sandbox.files.read("/work/copy");
    expect([copy.length, result.exitCode]).toEqual([1_200_000, 5]);
    expect(result.stdoutBytes.equals(copy)).toBe(true);
    expect(again.digest("hex")).toBe(createHash("sha256").update(copy).digest("hex"));
    expect(result.stderr).toBe(Array.from({ length: 300 }, (_, index) => `${index}\n`).join(""));
    expect(offsets.at(-1)).toBe(copy.length + result.stderr.length);
  });

  it("keeps stdin, signals and the exit status of a program whose reader went away", async () => {
    const remote = new Bulkhead({ url: server.url, token });
    await using sandbox = await remote.Sandbox.create({});
    const script =
      "trap 'echo caught; exit 9' TERM; while read line; do echo got $line; done; while :; do sleep 1; done";
    const process = await sandbox.start(["sh", "-c", script], { stdin: "open" });
    await process.write("one\n");
    const leaving = new AbortController();
    const first = process.output({ signal: leaving.signal });
    const { value } = await first.next();
    expect(value?.bytes.toString()).toBe("got one\n");
    leaving.abort();
    await expect(first.next()).rejects.toThrow("abort");
    await process.write("two\n", { end: true });
    const same = sandbox.process(process.id);
    for await (const { bytes } of same.output({ from: value?.offset ?? 0 })) {
      expect(bytes.toString()).toBe("got two\n");
      break;
    }
    await same.kill("SIGTERM");
    expect(await same.result()).toMatchObject({ exitCode: 9, stdout: "got one\ngot two\ncaught\n" });
  });
});

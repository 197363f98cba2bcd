import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Pool } from "bulkhead";
import type { Absent, Subject } from "../subject.js";

const ARGV = ["/bin/echo", "ready"];
const TEMPLATE = "bench";
/** Longer than a pool takes to replace a sandbox. */
const FILL_MS = 5_000;
const launcher = fileURLToPath(new URL("../../bulkhead", import.meta.url));

export const LIBRARY = "the library's pool, and a bare request";
export const POOLED = "POST /v1/run, from a pool";
export const COLD = "POST /v1/run";

/** `bulkhead serve`, its token, and connections that stay open. */
interface Server {
  readonly ask: (method: string, path: string, body?: object, headers?: object) => Promise<IncomingMessage>;
  readonly close: () => Promise<void>;
}

async function serve(): Promise<Server> {
  const state = await mkdtemp(join(tmpdir(), "bench-server-"));
  const child = spawn(launcher, ["serve", "--json", "--listen", "127.0.0.1:0", "--state", state], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { url, tokenFile } = await firstLine(child);
  const token = (await readFile(tokenFile, "utf8")).trim();
  const agent = new Agent({ keepAlive: true });
  return {
    ask: async (method, path, body, headers = {}) => {
      const sent = request(new URL(path, url), {
        agent,
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      if ((response.statusCode ?? 500) >= 300) throw new Error(`${method} ${path} got ${response.statusCode}`);
      return response;
    },
    close: async () => {
      agent.destroy();
      child.kill("SIGTERM");
      await once(child, "exit");
      await rm(state, { recursive: true });
    },
  };
}

async function firstLine(child: ChildProcess): Promise<{ readonly url: string; readonly tokenFile: string }> {
  if (child.stdout === null) throw new Error("no output");
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error("the server did not start");
}

/** Until the first byte of output, in the library, and then one answer of the server that needs no sandbox. */
export async function inLibrary(): Promise<Subject | Absent> {
  const server = await serve();
  const pool = await Pool.create({ level: "container" }, { min: 1, max: 1 });
  let ended: Promise<unknown> = Promise.resolve();
  return {
    name: LIBRARY,
    run: async () => {
      await new Promise<void>((resolve, reject) => {
        ended = pool.run(ARGV, { onStdout: () => resolve() }).catch(reject);
      });
      (await server.ask("GET", "/healthz")).resume();
    },
    after: async () => {
      await ended;
      for (let waited = 0; pool.stats().ready === 0 && waited < FILL_MS; waited += 1) await sleep(1);
    },
    [Symbol.asyncDispose]: async () => {
      await pool.close();
      await server.close();
    },
  };
}

/** Until the first event with output. The rest of the answer, and the pool's next sandbox, are not measured. */
export async function overHttp(name: string, pool: number): Promise<Subject | Absent> {
  const server = await serve();
  const template = { policy: { level: "container" }, pool };
  (await server.ask("PUT", `/v1/templates/${TEMPLATE}`, template)).resume();
  let rest: Promise<unknown> = Promise.resolve();
  return {
    name,
    run: async () => {
      const body = { template: TEMPLATE, argv: ARGV };
      const response = await server.ask("POST", "/v1/run", body, { accept: "text/event-stream" });
      rest = once(response, "end");
      await new Promise<void>((resolve) => {
        response.setEncoding("utf8").on("data", (text: string) => {
          if (text.includes("event: stdout")) resolve();
        });
      });
    },
    after: async () => {
      await rest;
      await sleep(pool === 0 ? 0 : 30);
    },
    [Symbol.asyncDispose]: server.close,
  };
}

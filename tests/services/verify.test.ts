/** `service verify`: each component's protections, and every way to another one that the file does not declare. */

import { execFile } from "node:child_process";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Level, Sandbox } from "bulkhead";
import { type RunningService, Service, type VerifiedPair } from "bulkhead/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Subject, verifyService } from "../../packages/bulkhead/src/services/verify/verify.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { httpd } from "./support/services.js";

const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));

/** `web` uses the offer of `store` and nothing else, and has a server at the same port as `lone`. */
const trio = (level: Level) => `
name: verify-${process.pid}
components:
  web:
    level: ${level}
    command: ${httpd("web", 3000)}
    uses: { store: store.http }
  store:
    level: ${level}
    command: ${httpd("store", 4000)}
    provides: { http: { port: 4000, from: [web] } }
  lone:
    level: ${level}
    command: ${httpd("lone", 3000)}
    provides: { http: { port: 3000 }, rpc: { socket: /run/lone/rpc.sock } }
    ready: { connect: http }
  job: { level: ${level}, command: ["true"] }
`;

const named = (pairs: readonly VerifiedPair[]) => pairs.map(({ from, to, status }) => `${from} ${to} ${status}`);

await forEachLevel((level) => {
  let running: RunningService;

  beforeAll(async () => {
    const service = await Service.parse(trio(level), process.cwd());
    running = await service.up();
  });
  afterAll(async () => await running?.down());

  it("finds every wall between components that run", async () => {
    const { passed, components, pairs } = await running.verify();
    expect(named(pairs).sort()).toEqual(
      ["lone store", "lone web", "store lone", "store web", "web lone", "web store"].map((pair) => `${pair} held`),
    );
    expect(passed).toBe(true);
    expect(components.map(({ name, triedBy }) => [name, triedBy]).sort()).toEqual([
      ["job", null],
      ["lone", "probe"],
      ["store", "probe"],
      ["web", "probe"],
    ]);
    for (const { triedBy, protections } of components) {
      expect(protections.filter(({ status }) => status !== "held")).toEqual([]);
      expect(protections.length > 0).toBe(triedBy !== null);
    }
    const tried = pairs.find(({ from, to }) => from === "web" && to === "lone");
    expect(tried?.ways.map(({ by, offer, status }) => [by, offer, status])).toEqual([
      ["socket", null, "held"],
      ["port", null, "held"],
      ["name", null, "held"],
      ["port", "http", "held"],
      ["name", "http", "held"],
      ["socket", "rpc", "held"],
    ]);
    // Its own server answers at the other's port.
    expect(tried?.ways[3]?.detail).toBe("a server of its own answers there");
    // Declared: the offer by its name. Everything else is tried as between strangers.
    const declared = pairs.find(({ from, to }) => from === "web" && to === "store");
    expect(declared?.declared).toEqual(["store.http"]);
    expect(declared?.ways.map(({ by, offer }) => [by, offer])).toEqual([
      ["socket", null],
      ["port", null],
      ["name", null],
      ["port", "http"],
    ]);
  });

  it("leaves nothing inside", async () => {
    await running.verify();
    const list = ["sh", "-c", "ls -A /tmp /work /run/lone; cat /proc/net/unix"];
    const { stdout } = await (await running.exec("lone", list, { buffer: true })).result;
    expect(stdout).toContain("index.html");
    expect(stdout).not.toContain(".verify-");
  });
});

it("tries with init where no program can be written", async () => {
  const text = `
name: verify-${process.pid}
components:
  a: { command: [sleep, "60"], access: { execute: [/bin, /usr] } }
  b: { command: ${httpd("b", 4000)}, provides: { http: { port: 4000 } } }
`;
  await using running = await (await Service.parse(text, process.cwd())).up();
  const { components, pairs, passed } = await running.verify();
  expect(components.map(({ name, triedBy }) => [name, triedBy])).toEqual([
    ["a", "init"],
    ["b", "probe"],
  ]);
  expect(passed).toBe(true);
  const ways = pairs.find(({ from }) => from === "a")?.ways ?? [];
  expect(ways.map(({ by, offer, status }) => [by, offer, status])).toEqual([
    ["socket", null, "held"],
    ["port", null, "held"],
    ["name", null, "untried"],
    ["port", "http", "held"],
    ["name", "http", "untried"],
  ]);
});

describe("two components that mount one directory", () => {
  let directory: TemporaryDirectory;
  beforeAll(async () => {
    directory = await TemporaryDirectory.create("verify", 0o755);
    await mkdir(directory.join("shared"));
    if (process.getuid?.() === 0) await chown(directory.join("shared"), 2001, 2001);
  });
  afterAll(async () => await directory[Symbol.asyncDispose]());

  const pair = `
name: verify-${process.pid}
components:
  a: { command: [sleep, "60"], files: [{ host: ./shared, at: /shared, mode: rw, shared: true }] }
  b:
    command: [sh, -c, "nc -lk -s 127.0.0.1 -p 4000 || sleep 60"]
    files: [{ host: ./shared, at: /shared, mode: rw, shared: true }]
    provides: { rpc: { socket: /shared/rpc.sock } }
    ready: started
`;

  it("have a way that the file declares", async () => {
    await using running = await (await Service.parse(pair, directory.path)).up();
    const { pairs, passed } = await running.verify();
    expect(passed).toBe(true);
    const way = pairs.find(({ from }) => from === "a");
    expect(way?.declared).toEqual([directory.join("shared")]);
    expect(way?.ways[0]).toMatchObject({
      by: "socket",
      offer: null,
      status: "declared",
      detail: "a connection arrived",
    });
  });

  it("reached each other if the file did not declare it", async () => {
    const { spec } = await Service.parse(pair, directory.path);
    await using stack = new Sandboxes();
    const subjects: Subject[] = [];
    for (const component of spec.components) {
      const sandbox = await stack.create(component.policy);
      const status = { name: component.name, level: sandbox.level, state: "ready", since: new Date(), restarts: 0 };
      const others = { sandbox: sandbox.id, exit: null, reason: null, said: null } as const;
      subjects.push({ spec: { ...component, mounts: [] }, status: { ...status, ...others, state: "ready" }, sandbox });
    }
    const { pairs, passed } = await verifyService(spec, subjects, {});
    expect(passed).toBe(false);
    expect(pairs.find(({ from }) => from === "a")).toMatchObject({ declared: [], status: "reached" });
  });
});

class Sandboxes implements AsyncDisposable {
  readonly #all: Sandbox[] = [];

  async create(policy: Parameters<typeof Sandbox.create>[0]): Promise<Sandbox> {
    const sandbox = await Sandbox.create(policy);
    this.#all.push(sandbox);
    return sandbox;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sandbox of this.#all) await sandbox.kill();
  }
}

describe("the command", () => {
  it("prints a table or JSON, and exits with 0 when every wall held", async () => {
    await using directory = await TemporaryDirectory.create("verify");
    await writeFile(directory.join("bulkhead.yaml"), trio("container"));
    const bulkhead = async (...argv: readonly string[]) =>
      await new Promise<{ code: unknown; stdout: string }>((resolve) => {
        const options = { cwd: directory.path, env: { ...process.env, XDG_STATE_HOME: directory.path } };
        execFile(process.execPath, [bundle, ...argv], options, (error, stdout) =>
          resolve({ code: error?.code ?? 0, stdout }),
        );
      });
    expect((await bulkhead("up", "-d")).code).toBe(0);
    try {
      const { code, stdout } = await bulkhead("service", "verify", "--json");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ passed: true, service: `verify-${process.pid}` });
      const shown = (await bulkhead("service", "verify")).stdout;
      expect(shown).toMatch(/^web +lone +held against 6 of 6 attempts +-$/m);
      expect(shown).toMatch(/^web +store +held against 4 of 4 attempts +store\.http$/m);
      expect((await bulkhead("service", "verify", "--all")).stdout).toMatch(
        /^held +web -> lone +name +lone:3000 +http/m,
      );
    } finally {
      await bulkhead("down");
      if (process.getuid?.() === 0) await rm(`/var/lib/bulkhead/services/verify-${process.pid}`, { recursive: true });
    }
    expect((await bulkhead("service", "verify")).code).toBe(125);
  });
});

/** The commands of services, as their users run them. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { listSandboxes } from "bulkhead";
import { newToken } from "bulkhead/host";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { askOnce } from "../../packages/cli/src/services/control/client.js";
import { controlSocket } from "../../packages/cli/src/services/control/place.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually, sleep } from "../support/time.js";
import { freePort, get, httpd } from "./support/services.js";

const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));
const name = `test-${process.pid}`;
let directory: TemporaryDirectory;
let port: number;

/** systemd's end: prints each datagram that has text. Its client waits until a descriptor that it sends is closed. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening")
while True:
    lines = s.recv(4096).decode().strip().split("\\n")
    if lines != ["BARRIER=1"]: print(lines)
`;

const file = (text: string) => `
name: ${name}
components:
  web:
    command: ${httpd(text)}
    listen: { http: { host: "127.0.0.1:${port}", port: 8080 } }
  ticker: { depends: [web], command: [sh, -c, "while :; do echo tick; sleep 0.1; done"] }
`;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("services");
  port = await freePort();
  await writeFile(directory.join("bulkhead.yaml"), file("one"));
});
afterAll(async () => {
  await bulkhead("down").catch(() => undefined);
  await directory[Symbol.asyncDispose]();
  if (process.getuid?.() === 0) await rm(`/var/lib/bulkhead/services/${name}`, { recursive: true, force: true });
});

const environment = () => ({ ...process.env, XDG_STATE_HOME: directory.join("state") });

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bulkhead(...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: directory.path, env: environment() };
    const child = execFile(process.execPath, [bundle, ...argv], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr }),
    );
    child.stdin?.end("input\n");
  });
}

/** Starts the service in the foreground; resolves when it answers. */
async function foreground(
  more: NodeJS.ProcessEnv = {},
): Promise<{ readonly child: ChildProcess; readonly output: () => string }> {
  const child = spawn(process.execPath, [bundle, "up", "--json"], {
    cwd: directory.path,
    env: { ...environment(), ...more },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await eventually("it runs", 20_000, () => /"name":"ticker"[^}]*"state":"ready"/.test(output));
  return { child, output: () => output };
}

const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once("close", resolve));

/** Sandboxes of one process. */
async function sandboxesOf(pid: number | undefined): Promise<number> {
  return (await listSandboxes()).sandboxes.filter(({ callerPid }) => callerPid === pid).length;
}

describe.skipIf(!existsSync(bundle))("a service in the background", () => {
  let pid: number;

  it("starts, and its command returns when it is ready", async () => {
    const { stdout, stderr, code } = await bulkhead("up", "-d", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const started = JSON.parse(stdout);
    pid = started.pid;
    expect(started.components.map(({ state }: { state: string }) => state)).toEqual(["ready", "ready"]);
    expect(await get(port)).toBe("one");
  });

  it("is listed", async () => {
    const { stdout } = await bulkhead("service", "ps", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      name,
      components: [
        { name: "web", state: "ready", level: "container" },
        { name: "ticker", state: "ready" },
      ],
    });
    expect((await bulkhead("service", "ps", "--name", name)).stdout).toMatch(/^NAME .*\nweb +container +ready /);
  });

  it("shows its output, of one component if only that is wanted", async () => {
    expect((await bulkhead("service", "logs", "ticker")).stdout).toMatch(/^ticker \| tick$/m);
    expect((await bulkhead("service", "logs", "web")).stdout).not.toContain("tick");
    expect((await bulkhead("service", "logs", "nobody")).stderr).toContain("COMPONENT_UNKNOWN");
  });

  it("runs a program beside a component's own, with its input, output and exit code", async () => {
    const { code, stdout, stderr } = await bulkhead(
      "service",
      "exec",
      "web",
      "--",
      "sh",
      "-c",
      "cat; echo e >&2; exit 7",
    );
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "input\n", stderr: "e\n" });
    expect((await bulkhead("service", "exec", "web", "--", "/no/such")).stderr).toContain("EXEC_NOT_FOUND");
  });

  it("stops and starts one component", async () => {
    expect((await bulkhead("service", "stop", "ticker")).code).toBe(0);
    expect((await bulkhead("service", "ps")).stdout).toMatch(/^ticker +container +stopped /m);
    expect((await bulkhead("service", "exec", "ticker", "--", "true")).stderr).toContain("COMPONENT_NOT_RUNNING");
    expect((await bulkhead("service", "start", "ticker")).code).toBe(0);
    expect((await bulkhead("service", "restart", "constructor")).stderr).toContain("COMPONENT_UNKNOWN");
  });

  it("is changed by `up` to what its file says now", async () => {
    await writeFile(directory.join("bulkhead.yaml"), file("two"));
    expect((await bulkhead("up", "--dry-run")).stdout).toBe("restart web: command\nkeep    ticker\n");
    expect(await get(port)).toBe("one");
    expect((await bulkhead("up", "-d")).code).toBe(0);
    expect(await get(port)).toBe("two");
  });

  it("is not changed to a file that reaches more than `--max-blast` allows, also if the file changed after the command read it", async () => {
    expect((await bulkhead("up", "-d", "--max-blast", "9")).stderr).toContain("SERVICE_BLAST");
    // As a command that read the file before somebody changed it.
    const request = { op: "change", file: directory.join("bulkhead.yaml"), dryRun: false, maxBlast: "9" } as const;
    await expect(askOnce(name, request)).rejects.toMatchObject({ code: "SERVICE_BLAST" });
    expect(await askOnce(name, { ...request, maxBlast: "10" })).toMatchObject({ changes: [{}, {}] });
  });

  it("has log files that only its user can read", async () => {
    const base = process.getuid?.() === 0 ? "/var/lib/bulkhead" : directory.join("state/bulkhead");
    const text = await readFile(`${base}/services/${name}/ticker.log`, "utf8");
    expect(JSON.parse(text.split("\n")[0] ?? "")).toMatchObject({ component: "ticker", text: "tick" });
  });

  it("stops, and nothing of it is left", async () => {
    expect((await bulkhead("down")).stdout).toBe(`${name} is down\n`);
    await eventually("its supervisor has ended", 10_000, () => !existsSync(`/proc/${pid}`));
    expect(await sandboxesOf(pid)).toBe(0);
    expect((await bulkhead("service", "ps")).stderr).toContain("SERVICE_NOT_RUNNING");
  });
});

describe.skipIf(!existsSync(bundle))("a service in the foreground", () => {
  it("prints JSON lines, and stops at SIGINT", async () => {
    const { child, output } = await foreground();
    child.kill("SIGINT");
    expect(await ended(child)).toBe(0);
    const events = output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["state", "output"]));
    expect(events.at(-1)).toMatchObject({ kind: "state", status: { state: "stopped" } });
  });

  it.skipIf(!existsSync("/usr/bin/systemd-notify"))("reports to systemd when it is ready", async () => {
    const socket = directory.join("notify");
    const receiver = spawn("python3", ["-uc", RECEIVER, socket], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    receiver.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    onTestFinished(() => void receiver.kill());
    await eventually("it listens", 20_000, () => said === "listening\n");
    const { child } = await foreground({ NOTIFY_SOCKET: socket });
    await eventually("it said so", 20_000, () => said.includes("READY=1"));
    expect(said).toBe("listening\n['READY=1', 'STATUS=2 components are ready']\n");
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
  });

  it("leaves nothing after kill -9 of its supervisor, and the next `up` starts clean", async () => {
    const { child } = await foreground();
    expect(await sandboxesOf(child.pid)).toBe(2);
    child.kill("SIGKILL");
    await ended(child);
    await eventually("its sandboxes are gone", 10_000, async () => (await sandboxesOf(child.pid)) === 0);
    await expect(get(port)).rejects.toThrow();
    const again = await foreground();
    expect(await get(port)).toBe("two");
    again.child.kill("SIGTERM");
    expect(await ended(again.child)).toBe(0);
  });

  it("starts once, however many `up` follow a supervisor and an `up` that were killed", async () => {
    const killed = JSON.parse((await bulkhead("up", "-d", "--json")).stdout).pid;
    process.kill(killed, "SIGKILL");
    await eventually("it is gone", 10_000, async () => (await sandboxesOf(killed)) === 0);
    symlinkSync(newToken().replace(/^\d+/, String(killed)), `${controlSocket(name)}.lock`);
    const all = await Promise.all(Array.from({ length: 4 }, async () => await bulkhead("up", "-d", "--json")));
    // The others came too late, or found it starting or running.
    const late = all.filter(
      ({ code, stdout, stderr }) => code === 125 && /SERVICE_RUNNING|still starting/.test(stdout + stderr),
    );
    const others = all.filter(({ code }) => code === 0).map(({ stdout }) => JSON.parse(stdout));
    expect({ all, count: late.length + others.length }).toMatchObject({ count: 4 });
    expect(others.filter((one) => "pid" in one)).toHaveLength(1);
    expect((await bulkhead("down")).code).toBe(0);
    expect((await bulkhead("service", "ps")).stderr).toContain("SERVICE_NOT_RUNNING");
  }, 120_000);

  it("starts its components again after kill -9 of the broker", async () => {
    const { child } = await foreground();
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    const broker = children.trim().split(" ").map(Number);
    expect(broker).toHaveLength(1);
    process.kill(broker[0] ?? 0, "SIGKILL");
    await eventually("they have", 20_000, async () => {
      const { stdout } = await bulkhead("service", "ps", "--json");
      const states = JSON.parse(stdout).components.map(
        ({ state, restarts }: { state: string; restarts: number }) => `${state} ${restarts}`,
      );
      return states.every((state: string) => state === "ready 1");
    });
    expect(await get(port)).toBe("two");
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
  });

  it("ends with 1 when its components have ended and one failed", async () => {
    const jobs = directory.join("jobs.yaml");
    for (const [program, expected] of [
      ["true", 0],
      ["false", 1],
    ] as const) {
      await writeFile(jobs, `name: ${name}\ncomponents: { x: { command: ["${program}"], restart: never } }\n`);
      expect((await bulkhead("up", "--file", jobs)).code).toBe(expected);
    }
  });

  it("fails with the reason, and leaves nothing, when a component does not become ready", async () => {
    const broken = directory.join("broken.yaml");
    await writeFile(broken, `name: ${name}\ncomponents: { x: { command: ["false"], restart: never } }\n`);
    for (const flags of [[], ["-d"]]) {
      const text = `name: ${name}\ncomponents: { x: { command: [sleep, "9"], ready: { http: /, port: 1, timeout: 200ms }, restart: never } }\n`;
      await writeFile(broken, text);
      const { code, stderr } = await bulkhead("up", "--file", broken, ...flags);
      expect({ code, stderr }).toMatchObject({ code: 125, stderr: expect.stringContaining("COMPONENT_NOT_READY") });
    }
    expect((await bulkhead("service", "ps")).stderr).toContain("SERVICE_NOT_RUNNING");
  });
});

describe.skipIf(!existsSync(bundle))("what a file says", () => {
  it("is refused with 125, the field, and its line", async () => {
    const wrong = directory.join("wrong.yaml");
    await writeFile(wrong, "name: x\ncomponents:\n  a: { command: [x], uses: { b: b.c } }\n");
    const { code, stderr } = await bulkhead("up", "--file", wrong);
    expect(code).toBe(125);
    expect(stderr).toContain("SERVICE_INVALID");
    expect(stderr).toMatch(/line 3, column \d+: components.a.uses.b: there is no component b/);
  });

  it("is explained, drawn, measured, and refused above a maximum", async () => {
    expect((await bulkhead("service", "explain")).stdout).toMatch(
      /^web, level container: \d+ of \d+ protections enforced\n {2}weak point: /,
    );
    expect((await bulkhead("service", "graph")).stdout).toContain(`127.0.0.1:${port} -> web`);
    expect(JSON.parse((await bulkhead("service", "graph", "--json")).stdout)).toMatchObject({ name, channels: [] });
    const svg = directory.join("graph.svg");
    await bulkhead("service", "graph", "--svg", svg);
    expect(await readFile(svg, "utf8")).toMatch(/^<svg /);
    expect(JSON.parse((await bulkhead("blast", "web", "--json")).stdout)).toMatchObject({
      component: "web",
      score: 10,
    });
    expect(JSON.parse((await bulkhead("blast", "--json")).stdout)).toMatchObject({ service: name, score: 10 });
    expect((await bulkhead("up", "--max-blast", "9")).stderr).toContain("SERVICE_BLAST");
    expect((await bulkhead("up", "--max-blast", "lots")).stderr).toContain("USAGE");
    expect(JSON.parse((await bulkhead("service", "schema")).stdout)).toMatchObject({ title: "Bulkhead service" });
  });
});

describe.skipIf(!existsSync(bundle))("a reader of the logs that is slow", () => {
  const loud = `${name}-loud`;
  const components = Array.from(
    { length: 8 },
    (_, index) => `  c${index}: { command: [sh, -c, "yes x | head -8100; while :; do echo tick; sleep 0.1; done"] }`,
  );

  it("gets the whole history, and what comes", async () => {
    await writeFile(directory.join("loud.yaml"), `name: ${loud}\ncomponents:\n${components.join("\n")}\n`);
    expect((await bulkhead("up", "-d", "--file", "loud.yaml")).code).toBe(0);
    try {
      const count = async () => (await bulkhead("service", "logs", "--file", "loud.yaml")).stdout.split("\n").length;
      await eventually("the history is long", 20_000, async () => (await count()) > 60_000);
      const argv = [bundle, "service", "logs", "-f", "--json", "--file", "loud.yaml"];
      const child = spawn(process.execPath, argv, { cwd: directory.path, env: environment() });
      let closed = false;
      child.once("close", () => {
        closed = true;
      });
      await sleep(3_000);
      let bytes = 0;
      child.stdout.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      await eventually("all of it came", 20_000, () => bytes > 5 * 1024 ** 2);
      await sleep(500);
      expect(closed).toBe(false);
      child.kill();
    } finally {
      await bulkhead("down", "--file", "loud.yaml");
      if (process.getuid?.() === 0) await rm(`/var/lib/bulkhead/services/${loud}`, { recursive: true, force: true });
    }
  });
});

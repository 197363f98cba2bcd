/** Components as a service runs them: order, readiness, restarts, ports, output, and their end. */

import { chmod, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { BulkheadError, listSandboxes } from "bulkhead";
import { Service } from "bulkhead/services";
import { expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually, ms, sleep } from "../support/time.js";
import { freePort, get, httpd, Recorded } from "./support/services.js";

/** Sandboxes of this process. */
async function own(): Promise<number> {
  const { sandboxes } = await listSandboxes();
  return sandboxes.filter(({ callerPid }) => callerPid === process.pid).length;
}

/** Connects to a port; `closed` is when the other side had ended the connection. */
function connection(port: number) {
  const started = Date.now();
  let closed: number | undefined;
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = Date.now() - started;
  });
  return { socket, closed: () => closed };
}

const code = (error: unknown) => (error instanceof BulkheadError ? error.code : error);

await forEachLevel((level) => {
  it("starts each component when those before it are ready, and stops it before them", async () => {
    const service = await Recorded.up(`
name: order
level: { min: ${level} }
components:
  last: { level: ${level}, depends: [middle], command: [sleep, "60"] }
  middle: { level: ${level}, depends: [first], command: [sh, -c, "sleep 0.2; touch /tmp/up; exec sleep 60"], ready: { command: [test, -e, /tmp/up] } }
  first: { level: ${level}, command: ${httpd("x")}, ready: { http: /, port: 8080 } }
`);
    expect(service.states().filter((state) => state.endsWith("ready"))).toEqual([
      "first ready",
      "middle ready",
      "last ready",
    ]);
    await service.running.down();
    expect(service.states().filter((state) => state.endsWith("stopped"))).toEqual([
      "last stopped",
      "middle stopped",
      "first stopped",
    ]);
    await service.running.ended;
    expect(await own()).toBe(0);
  });

  it("starts a program again, later each time, until it has failed too often; others do not notice", async () => {
    await using service = await Recorded.up(`
name: crashes
components:
  loop: { level: ${level}, command: [sh, -c, "echo again; exit 3"], restart: { backoff: [50ms, 100ms], limit: 4 } }
  calm: { level: ${level}, command: [sleep, "60"] }
`);
    await eventually("it has failed", 20_000, () => service.state("loop") === "failed");
    expect(service.lines("loop")).toEqual(["again", "again", "again", "again"]);
    expect(service.states("loop").filter((state) => state === "backoff")).toHaveLength(3);
    expect(service.running.status().find(({ name }) => name === "loop")).toMatchObject({
      restarts: 3,
      exit: { exitCode: 3, signal: null },
      reason: "exited with 3",
      sandbox: null,
    });
    expect(service.states("calm")).toEqual(["waiting", "starting", "ready"]);
    // By hand it starts once more.
    await service.running.start("loop");
    await eventually("it ran again", 10_000, () => service.lines("loop").length > 4);
  });

  it("leaves a program that finished as it is, unless it is to run always", async () => {
    await using service = await Recorded.up(`
name: jobs
components:
  job: { level: ${level}, command: ["true"] }
  always: { level: ${level}, command: [sh, -c, "echo run"], restart: { always: true, backoff: [10ms, 10ms], limit: 3 } }
`);
    await service.running.ended;
    expect(service.states("job").at(-1)).toBe("finished");
    expect(service.lines("always")).toHaveLength(3);
    expect(service.states("always").at(-1)).toBe("failed");
  });

  it("keeps a port open while its component restarts: connections wait, and none is refused", async () => {
    const port = await freePort();
    await using service = await Recorded.up(`
name: ports
components:
  web: { level: ${level}, command: ${httpd("hello")}, listen: { http: { host: "127.0.0.1:${port}", port: 8080 } } }
`);
    expect(await get(port)).toBe("hello");
    const restarting = service.running.restart("web");
    const answers = await Promise.all(Array.from({ length: 100 }, async () => await get(port)));
    await restarting;
    expect(new Set(answers)).toEqual(new Set(["hello"]));
    // Also when its program dies.
    const { sandbox } = service.running.status()[0] ?? {};
    await service.running
      .exec("web", ["sh", "-c", "killall -9 httpd || kill -9 $(pidof httpd)"])
      .catch(() => undefined);
    await eventually("it died", 10_000, () => service.running.status()[0]?.sandbox !== sandbox);
    expect(await get(port)).toBe("hello");
  });

  it("gives a secret to its component alone, as a file that only its user can read", async () => {
    await using directory = await TemporaryDirectory.create("secret");
    const path = directory.join("key.pem");
    await writeFile(path, "the key\n");
    await chmod(path, 0o600);
    await using service = await Recorded.up(`
name: secrets
components:
  holder:
    level: ${level}
    secrets: { KEY: { file: ${path} } }
    command: [sh, -c, "cat $KEY_FILE; stat -c %a $KEY_FILE; exec sleep 60"]
  other: { level: ${level}, command: [sh, -c, "cat /run/secrets/KEY; ls /run/secrets; echo no key; exec sleep 60"] }
`);
    await eventually(
      "both wrote",
      10_000,
      () => service.lines("holder").length > 1 && service.lines("other").length > 0,
    );
    expect(service.lines("holder")).toEqual(["the key", "400"]);
    expect(service.lines("other").join()).not.toContain("the key");
  });

  it("makes what a component writes harmless, and splits a line without an end", async () => {
    const write = (text: string) => `[sh, -c, "printf '${text}'; head -c 20000 /dev/zero | tr '\\\\0' x; sleep 60"]`;
    await using service = await Recorded.up(`
name: output
components:
  loud: { level: ${level}, command: ${write("\\\\033[2J\\\\rother | forged\\\\na\\\\tb\\\\xff\\\\n")} }
`);
    await eventually("all lines", 10_000, () => service.lines("loud").length >= 4);
    const lines = service.lines("loud");
    expect(lines[0]).toBe("\u{fffd}[2J\u{fffd}other | forged");
    expect(lines[1]).toBe("a\u{fffd}b\u{fffd}");
    expect(lines.slice(2).every((line) => /^x{8192}$/.test(line))).toBe(true);
  });

  it("ends no component when the listener of its caller fails", async () => {
    const service = await Service.parse(
      `name: deaf\ncomponents: { a: { level: ${level}, command: [sh, -c, "echo a; exec sleep 60"] } }\n`,
      process.cwd(),
    );
    const warnings: string[] = [];
    const warn = ({ message }: Error) => void warnings.push(message);
    process.on("warning", warn);
    await using running = await service.up({
      onEvent: () => {
        throw new Error("mine");
      },
    });
    await eventually("a warning", 5_000, () => warnings.length > 0);
    process.off("warning", warn);
    await sleep(ms(200));
    expect(warnings).toEqual(["a listener of a service failed: mine"]);
    expect(running.status()[0]?.state).toBe("ready");
  });

  it("stops a program that ignores its signal after the grace", async () => {
    const service = await Recorded.up(`
name: deaf
components:
  deaf: { level: ${level}, command: [sh, -c, "trap '' TERM; echo deaf; while :; do sleep 1; done"], stop: { grace: 300ms } }
`);
    await eventually("it ignores the signal", 10_000, () => service.lines("deaf").length > 0);
    const before = Date.now();
    await service.running.down();
    expect(Date.now() - before).toBeGreaterThanOrEqual(290);
    expect(Date.now() - before).toBeLessThan(ms(5_000));
    expect(await own()).toBe(0);
  });

  it("leaves nothing of a service whose component does not become ready", async () => {
    const failing = new Recorded();
    const started = failing.start(`
name: late
components:
  early: { level: ${level}, command: [sleep, "60"] }
  late: { level: ${level}, depends: [early], command: [sleep, "60"], ready: { http: /, port: 80, timeout: 300ms }, restart: never }
`);
    const error = await started.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(code(error)).toBe("COMPONENT_NOT_READY");
    expect(String(error)).toContain("GET / on port 80");
    expect(await own()).toBe(0);
  });

  it("refuses a port that another program has, before anything starts", async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    const failing = new Recorded();
    const started = failing.start(`
name: taken
components:
  web: { level: ${level}, command: [sleep, "60"], ready: started, listen: { x: 127.0.0.1:${port} } }
`);
    await expect(started).rejects.toMatchObject({ code: "PORT_UNAVAILABLE" });
    expect(failing.events).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  it("stops what has started when its signal aborts", async () => {
    const abort = new AbortController();
    const failing = new Recorded();
    const started = failing.start(
      `
name: aborted
components:
  first: { level: ${level}, command: [sleep, "60"] }
  never: { level: ${level}, depends: [first], command: [sleep, "60"], ready: { command: ["false"] } }
`,
      { signal: abort.signal },
    );
    await Promise.race([started.catch(() => undefined), sleep(ms(500))]);
    abort.abort();
    await expect(started).rejects.toMatchObject({ code: "ABORTED" });
    expect(await own()).toBe(0);
  });
});

it("ends a connection on which nothing moves, and no other", async () => {
  const port = await freePort();
  const file = (idle: string) => `
name: idle
components:
  web: { command: ${httpd("x")}, listen: { http: { host: "127.0.0.1:${port}", port: 8080, idle: ${idle} } } }
`;
  await using service = await Recorded.up(file("1s"));
  const [quiet, busy] = [connection(port), connection(port)];
  // A header that never ends.
  busy.socket.write("GET / HTTP/1.0\r\nX: ");
  const typing = setInterval(() => busy.socket.write("x"), 100);
  await eventually("the quiet one has ended", 20_000, () => quiet.closed() !== undefined);
  await sleep(2_000);
  expect(quiet.closed()).toBeGreaterThanOrEqual(950);
  expect(busy.closed()).toBeUndefined();
  clearInterval(typing);
  await eventually("it ended when it fell quiet", 20_000, () => busy.closed() !== undefined);
  // Another time comes into force without a new port or a restart.
  await service.running.change((await Service.parse(file("1h"), process.cwd())).spec);
  expect(service.states("web")).toEqual(["waiting", "starting", "ready"]);
  const patient = connection(port);
  await sleep(2_500);
  expect(patient.closed()).toBeUndefined();
  patient.socket.destroy();
});

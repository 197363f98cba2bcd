import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type BulkheadError, Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baseRootPath } from "../../packages/bulkhead/src/host/locate.js";
import { isAlive } from "../support/host.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually, ms, sleep } from "../support/time.js";
import { gatesOf, holdersOf, lookAt, socketsOf, socketsTo } from "./support/processes.js";

const isRoot = process.getuid?.() === 0;
const open = new Set<Socket>();
/** Says nothing, and keeps what it accepts. */
const silent = createServer((socket) => {
  open.add(socket);
  socket.on("error", () => undefined);
});
let port: number;

beforeAll(async () => {
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

afterAll(() => {
  for (const socket of open) socket.destroy();
  silent.close();
});

const policyFor = () => ({ network: { allow: [`tcp://127.0.0.1:${port}`] } });
/** A tunnel that stays. */
const tunnel = () => `(printf 'CONNECT 127.0.0.1:${port} HTTP/1.1\\r\\n\\r\\n'; sleep 100) | nc 127.0.0.1 3128`;

await forEachLevel((level) => {
  test("the process with connections to the outside holds no rights, and the main process has no such connection", async () => {
    await using sandbox = await Sandbox.create({ ...policyFor(), level });
    const client = await sandbox.exec(["sh", "-c", tunnel()]);
    await eventually("a connection to outside", 20_000, () => holdersOf(socketsTo(port)).length > 0);
    const holders = holdersOf(socketsTo(port));
    const gates = gatesOf(process.pid);
    expect(holders.every((pid) => gates.includes(pid))).toBe(true);
    const own = new Set(socketsOf(process.pid));
    for (const pid of holders) {
      const { uid, effective, seccomp, noNewPrivs } = lookAt(pid);
      expect({ effective, seccomp, noNewPrivs }).toEqual({
        effective: "0000000000000000",
        seccomp: "2",
        noNewPrivs: "1",
      });
      if (isRoot) expect(uid).toBeGreaterThanOrEqual(0x7ffd_0000);
      expect(socketsOf(pid).filter((inode) => own.has(inode))).toEqual([]);
    }
    client.kill("SIGKILL");
  });

  test("a gate that is killed ends its sandbox with a coded error, and no other's", async () => {
    const before = new Set(gatesOf(process.pid));
    await using first = await Sandbox.create({ ...policyFor(), level });
    const [gate = 0] = gatesOf(process.pid).filter((pid) => !before.has(pid));
    await using second = await Sandbox.create({ ...policyFor(), level });
    const running = first.run(["sleep", "100"]);
    process.kill(gate, "SIGKILL");
    await expect(running).rejects.toMatchObject({ code: "HELPER_LOST" });
    await expect(first.run(["true"])).rejects.toMatchObject({ code: "HELPER_LOST" });
    await first.ended;
    expect((await second.run(["true"])).exitCode).toBe(0);
  });

  test.each([0, 40, 80, 120, 200])(
    "the library's process, killed %i ms after it began, takes its gates along",
    async (delay) => {
      const script = new URL("support/with-egress.ts", import.meta.url).pathname;
      const subject = spawn(process.execPath, ["--import", "tsx", script, level], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(subject.stdout, "data");
      await sleep(delay);
      const gates = gatesOf(subject.pid ?? 0);
      subject.kill("SIGKILL");
      await eventually("the gates' end", 5_000, () =>
        [...gates, ...gatesOf(subject.pid ?? 0)].every((pid) => !isAlive(pid)),
      );
    },
  );

  test("a gate that stands still holds nothing up for long, and other rules are not waited for in vain", async () => {
    const before = new Set(gatesOf(process.pid));
    await using sandbox = await Sandbox.create({ ...policyFor(), level });
    const [gate = 0] = gatesOf(process.pid).filter((pid) => !before.has(pid));
    process.kill(gate, "SIGSTOP");
    const began = Date.now();
    expect((await sandbox.run(["true"])).exitCode).toBe(0);
    expect(Date.now() - began).toBeLessThan(ms(10_000));
    void sandbox.setNetwork({ allow: [] });
    await expect(sandbox.run(["true"])).rejects.toMatchObject({ code: "HELPER_LOST" });
    await eventually("the gate's end", 5_000, () => !isAlive(gate));
  });

  test("nothing of it is left when the sandbox has ended", async () => {
    const before = new Set(gatesOf(process.pid));
    const sandbox = await Sandbox.create({ ...policyFor(), level });
    const gates = gatesOf(process.pid).filter((pid) => !before.has(pid));
    expect(gates).toHaveLength(1);
    await sandbox.close();
    await eventually("the gate's end", 5_000, () => gates.every((pid) => !isAlive(pid)));
  });
});

describe("a gate that was taken over", () => {
  let files: TemporaryDirectory;
  let named: string | undefined;
  const others = createServer((socket) => socket.destroy());

  /** A package whose gate is the program that tries. */
  beforeAll(async () => {
    files = await TemporaryDirectory.create("gate", 0o755);
    others.listen(files.join("socket"));
    await once(others, "listening");
    await chmod(files.join("socket"), 0o777);
    const secret = files.join("secret");
    await writeFile(secret, "of another sandbox", { mode: 0o644 });
    const source = join(baseRootPath(), "..", "..");
    await mkdir(files.join("dist/helpers"), { recursive: true });
    await symlink(join(source, "bin"), files.join("bin"));
    const script = await readFile(new URL("support/taken-over.cjs", import.meta.url), "utf8");
    const given = JSON.stringify([secret, String(process.pid), files.join("socket")]);
    const takenOver = script.slice(script.indexOf("function takenOver"), script.lastIndexOf("}") + 1);
    const program = `(function (require) { (${takenOver})(require, ${given}); })`;
    await writeFile(files.join("dist/helpers/gate.cjs"), program);
    named = process.env["BULKHEAD_PACKAGE"];
  });
  afterAll(async () => {
    others.close();
    await files[Symbol.asyncDispose]();
  });

  async function taken(): Promise<BulkheadError> {
    const root = baseRootPath();
    process.env["BULKHEAD_PACKAGE"] = files.path;
    try {
      const secrets = { TOKEN: { hosts: ["one.example"], value: "only this sandbox's" } };
      const network = { allow: ["one.example"] };
      return await Sandbox.create({ root, network, secrets, level: "container" }).then(
        () => expect.fail("its proxies never listen"),
        (error: BulkheadError) => error,
      );
    } finally {
      if (named === undefined) delete process.env["BULKHEAD_PACKAGE"];
      else process.env["BULKHEAD_PACKAGE"] = named;
    }
  }

  test("has its own sandbox's connection and secrets, and reaches nothing else", async () => {
    await using other = await Sandbox.create({ ...policyFor(), level: "container" });
    const error = await taken();
    expect(error, error.detail).toMatchObject({ code: "HELPER_FAILED", operation: "tried" });
    const tried = JSON.parse(error.detail ?? "{}");
    expect(tried).toMatchObject({
      // What it says before it ends, the library's connection, and its own sandbox's.
      sockets: [2, 3, 6],
      files: ["EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES"],
      list: "EACCES",
      write: "EACCES",
      root: "EPERM",
      refused: 3,
      accepted: false,
      secrets: ["TOKEN"],
      environment: [],
    });
    expect(tried.spawn).not.toContain("status");
    expect(tried.broker).not.toBe("connected");
    if (isRoot) expect(tried).toMatchObject({ kill: "EPERM", parent: "EPERM" });
    expect((await other.run(["true"])).exitCode).toBe(0);
  });
});

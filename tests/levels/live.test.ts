/**
 * `bulkhead ps`, `kill`, `logs` and `attach`: what a user, and root, see of sandboxes that other programs made, and may
 * do to them.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { BulkheadError, killSandbox, type LiveSandbox, listSandboxes, Sandbox } from "bulkhead";
import { describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { SystemBroker } from "../support/system-broker.js";
import { eventually } from "../support/time.js";

const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function asUser(uid: number | undefined, argv: readonly string[]): readonly [string, readonly string[]] {
  const command = [process.execPath, bundle, ...argv];
  if (uid === undefined) return [process.execPath, command.slice(1)];
  return ["setpriv", ["--reuid", String(uid), "--regid", String(uid), "--clear-groups", ...command]];
}

/** HOME and XDG_RUNTIME_DIR of root are not the user's; and what root has found out about programs lies below them. */
function environmentOf(uid: number | undefined): NodeJS.ProcessEnv {
  return uid === undefined ? process.env : { PATH: process.env["PATH"], HOME: "/nonexistent" };
}

function bulkhead(argv: readonly string[], uid?: number): Promise<Ended> {
  const [file, args] = asUser(uid, argv);
  return new Promise((resolve) => {
    const child = execFile(file, args, { env: environmentOf(uid), cwd: "/" }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** One that goes on until it is ended. */
class Background implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly ended: Promise<number | null>;
  private constructor(readonly child: ChildProcess) {
    child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => child.once("close", (code) => resolve(code)));
  }

  static start(argv: readonly string[], uid?: number): Background {
    const [file, args] = asUser(uid, argv);
    return new Background(spawn(file, args, { env: environmentOf(uid), cwd: "/", stdio: ["ignore", "pipe", "pipe"] }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

async function madeBy(pid: number | undefined, within = 15_000): Promise<LiveSandbox> {
  let found: LiveSandbox | undefined;
  await eventually(`a sandbox of process ${pid} is listed`, within, async () => {
    const { sandboxes } = await listSandboxes();
    found = sandboxes.find((each) => each.callerPid === pid && each.state === "running");
    return found !== undefined;
  });
  if (found === undefined) throw new Error("not reached");
  return found;
}

await forEachLevel((level) => {
  it("are listed, with what made them, and ended from outside", async () => {
    await using run = Background.start(["run", "--level", level, "--", "sleep", "1000"]);
    const live = await madeBy(run.child.pid);
    expect(live).toMatchObject({ level, uid: 0, broker: null });
    const { stdout } = await bulkhead(["ps"]);
    expect(stdout.split("\n").find((line) => line.includes(live.id))).toMatch(/running.*sleep 1000/);
    expect(await bulkhead(["kill", live.id.slice(0, 12)])).toEqual({ code: 0, stdout: `${live.id}\n`, stderr: "" });
    expect(await run.ended).not.toBe(0);
    expect((await listSandboxes()).sandboxes.map(({ id }) => id)).not.toContain(live.id);
    expect(await bulkhead(["kill", "--json", live.id])).toMatchObject({
      code: 125,
      stdout: expect.stringContaining('"ID_UNKNOWN"'),
    });
  });

  it("of the library are listed too, show that they are paused, and report that they were killed", async () => {
    await using sandbox = await Sandbox.create({ level });
    const state = async () => (await listSandboxes()).sandboxes.find(({ id }) => id === sandbox.id)?.state;
    expect(await state()).toBe("running");
    await sandbox.pause();
    expect(await state()).toBe("paused");
    await sandbox.resume();
    const { code, stderr } = await bulkhead(["logs", sandbox.id]);
    expect({ code, stderr }).toMatchObject({ code: 125, stderr: expect.stringContaining("OUTPUT_NOT_KEPT") });
    await killSandbox(sandbox.id);
    expect(await sandbox.ended).toMatchObject({ cause: "killed" });
    await expect(killSandbox(sandbox.id)).rejects.toBeInstanceOf(BulkheadError);
  });

  it("give their output to `logs` and `attach`, and `attach` ends as they do", async () => {
    const job = "echo early; echo problem >&2; trap 'echo told; exit 3' INT; while :; do sleep 0.1; done";
    await using run = Background.start(["run", "--level", level, "--", "sh", "-c", job]);
    const { id } = await madeBy(run.child.pid);
    await eventually("its output is kept", 10_000, async () => (await bulkhead(["logs", id])).stdout === "early\n");
    expect(await bulkhead(["logs", id])).toEqual({ code: 0, stdout: "early\n", stderr: "problem\n" });
    const asJson = (await bulkhead(["logs", "--json", id])).stdout.trim().split("\n");
    expect(asJson.map((line) => JSON.parse(line) as unknown)).toEqual([
      { stream: "stdout", text: "early\n" },
      { stream: "stderr", text: "problem\n" },
    ]);
    await using follower = Background.start(["logs", "--follow", id]);
    await using attached = Background.start(["attach", id]);
    await eventually("the follower has what was", 10_000, () => follower.stdout === "early\n");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    attached.child.kill("SIGINT");
    expect(await attached.ended).toBe(3);
    expect(attached.stdout).toBe("told\n");
    expect(await follower.ended).toBe(0);
    expect(follower.stdout).toBe("early\ntold\n");
    expect(await run.ended).toBe(3);
    expect(run.stdout).toBe("early\ntold\n");
  });
});

describe("another user's sandboxes", () => {
  it("are not seen, ended or read, but by root", async () => {
    await using run = Background.start(
      ["run", "--level", "container", "--", "sh", "-c", "echo private; sleep 1000"],
      4242,
    );
    const { id, uid } = await madeBy(run.child.pid);
    expect(uid).toBe(4242);
    for (const argv of [["kill"], ["logs"], ["attach"]]) {
      const { code, stderr } = await bulkhead([...argv, id], 4343);
      expect({ code, stderr }).toMatchObject({ code: 125, stderr: expect.stringContaining("ID_UNKNOWN") });
    }
    expect((await bulkhead(["ps", "-q"], 4343)).stdout).toBe("");
    expect((await bulkhead(["ps", "-q"], 4242)).stdout).toBe(`${id}\n`);
    await eventually(
      "root reads its output",
      10_000,
      async () => (await bulkhead(["logs", id])).stdout === "private\n",
    );
    expect(await bulkhead(["kill", id])).toMatchObject({ code: 0, stdout: `${id}\n` });
    expect(await run.ended).not.toBe(0);
  });

  it("of a system broker are its callers' alone, and its owner reads who did what in its log", async () => {
    await using broker = await SystemBroker.start(["--allow-uid", "4242", "--allow-uid", "4343"]);
    await using run = Background.start(["run", "--broker", broker.socket, "--", "sleep", "1000"], 4242);
    let id = "";
    const own = async (uid: number) => (await bulkhead(["ps", "-q", "--broker", broker.socket], uid)).stdout.trim();
    await eventually("its caller sees it", 15_000, async () => {
      id = await own(4242);
      return id !== "";
    });
    expect(await own(4343)).toBe("");
    expect(await bulkhead(["kill", "--broker", broker.socket, id], 4343)).toMatchObject({ code: 125 });
    expect((await listSandboxes({ broker: broker.socket })).sandboxes).toContainEqual(
      expect.objectContaining({ id, uid: 4242, broker: broker.socket }),
    );
    expect(await bulkhead(["kill", "--broker", broker.socket, id], 4242)).toMatchObject({ code: 0 });
    await run.ended;
  });

  it("cannot be forged by a user who listens under a broker's name", async () => {
    // Another user's broker, which claims to have sandboxes of root and of every user.
    const script = `
      const row = { id: "sfalse", level: "container", state: "running", uid: 0, pid: 1, callerPid: 1, ageMs: 1 };
      const answer = Buffer.from(JSON.stringify({ type: "sandboxes", sandboxes: [row, { ...row, uid: 4343 }], more: 0 }));
      const header = Buffer.alloc(4); header.writeUInt32BE(answer.length);
      require("node:net").createServer((socket) => { socket.on("error", () => {}); socket.end(Buffer.concat([header, answer])); })
        .listen({ path: "\\0bulkhead-" + "-".repeat(66) + "0a".repeat(16) }, () => console.log("listening"));`;
    const child = spawn(
      "setpriv",
      ["--reuid", "4242", "--regid", "4242", "--clear-groups", process.execPath, "-e", script],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    try {
      await new Promise((resolve) => child.stdout.once("data", resolve));
      expect((await listSandboxes()).sandboxes.map(({ id }) => id)).not.toContain("sfalse");
      expect((await bulkhead(["ps", "-q"], 4343)).stdout).toBe("");
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("whose broker does not answer delay no command", async () => {
    const silent = createServer();
    const name = `\0bulkhead-${"-".repeat(66)}${"0b".repeat(16)}`;
    await new Promise<void>((resolve) => silent.listen({ path: name }, resolve));
    try {
      const before = Date.now();
      expect((await listSandboxes()).missing).toBeGreaterThan(0);
      expect(Date.now() - before).toBeLessThan(8_000);
    } finally {
      silent.close();
    }
  });
});

describe("the sockets of runs", () => {
  it("are accessible only to their user, and are removed with the run", async () => {
    await using run = Background.start(["run", "--", "sleep", "1000"], 4242);
    const { id } = await madeBy(run.child.pid);
    const path = `/tmp/bulkhead-4242/${id}.sock`;
    await eventually("it has one", 10_000, () => existsSync(path));
    const { code } = await bulkhead(["logs", id], 4343);
    expect(code).toBe(125);
    run.child.kill("SIGTERM");
    await run.ended;
    expect(existsSync(path)).toBe(false);
    // Nor the directory, unless another run of that user's has its socket there.
    expect(existsSync("/tmp/bulkhead-4242")).toBe(false);
  });
});

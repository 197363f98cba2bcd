import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statfsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { type Policy, run, Sandbox } from "bulkhead";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { groupsOf, isAlive, parentOf } from "../support/host.js";
import { shell } from "../support/inside.js";
import { isRequired, lackFor } from "../support/levels.js";
import { monitorsOf } from "../support/monitors.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually, ms, sleep } from "../support/time.js";
import { Traces } from "./support/left.js";

const level = "microvm" as const;
const lack = await lackFor(level);
if (lack !== undefined && isRequired(level)) throw new Error(lack);

const MIB = 1 << 20;
const POLICY: Policy = { level, resources: { memory: "48MiB" } };
const VICTIM = fileURLToPath(new URL("support/machines.ts", import.meta.url));

describe.skipIf(lack !== undefined)(`machines${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  let own: TemporaryDirectory;
  let traces: Traces;
  beforeAll(async () => {
    own = await TemporaryDirectory.create("traces", 0o755);
    process.env["TMPDIR"] = own.path;
  });
  afterAll(async () => await own?.[Symbol.asyncDispose]());
  beforeEach(() => {
    traces = new Traces();
  });

  test("a monitor is killed: what was under way fails by code, and nothing is left", async () => {
    const sandbox = await Sandbox.create(POLICY);
    traces.see();
    const waiting = sandbox.run(["sleep", "1000"]);
    const lost = expect(waiting).rejects.toMatchObject({ code: "SANDBOX_LOST" });
    const [monitor = 0] = monitorsOf();
    process.kill(monitor, "SIGKILL");
    await lost;
    await sandbox.ended;
    await expect(sandbox.run(["true"])).rejects.toMatchObject({ code: expect.stringMatching(/^SANDBOX_/) });
    await traces.assertGone();
  });

  test("a monitor is killed while it boots: GUEST_BOOT_FAILED or SANDBOX_LOST, and nothing is left", async () => {
    process.env["BULKHEAD_MICROVM_START"] = "boot";
    try {
      const making = Sandbox.create(POLICY).then(
        () => "made",
        (error: { code: string }) => error.code,
      );
      const monitor = await eventually("there is a monitor", 20_000, () => monitorsOf()[0]);
      traces.see();
      await sleep(300);
      process.kill(monitor, "SIGKILL");
      expect(await making).toMatch(/^(GUEST_BOOT_FAILED|VMM_FAILED|GUEST_FAILED)$/);
      await traces.assertGone();
    } finally {
      delete process.env["BULKHEAD_MICROVM_START"];
    }
  });

  test("what starts the monitor is killed: the monitor goes with it", async () => {
    const sandbox = await Sandbox.create(POLICY);
    traces.see();
    const [monitor = 0] = monitorsOf();
    const relay = (await sandbox.evidence()).init.pid;
    expect(parentOf(monitor)).toBe(relay);
    process.kill(relay, "SIGKILL");
    await sandbox.ended;
    expect(isAlive(monitor)).toBe(false);
    await traces.assertGone();
  });

  test("one of several is killed, and the others do not notice", async () => {
    const sandboxes = await Promise.all([Sandbox.create(POLICY), Sandbox.create(POLICY)]);
    traces.see();
    process.kill(monitorsOf()[0] ?? 0, "SIGKILL");
    const [first] = await Promise.race(sandboxes.map(async (sandbox) => [sandbox, await sandbox.ended] as const));
    const other = sandboxes.find((sandbox) => sandbox !== first);
    expect((await other?.run(["echo", "here"]))?.stdout).toBe("here\n");
    await other?.kill();
    await traces.assertGone();
  });

  test("a guest fills its disk: it gets ENOSPC, the host's disk is as full as before, and the guest continues", async () => {
    await using sandbox = await Sandbox.create({ ...POLICY, resources: { memory: "64MiB", disk: "8MiB" } });
    const free = () => {
      const { bavail, bsize } = statfsSync(tmpdir());
      return bavail * bsize;
    };
    const before = free();
    const { stderr } = await shell(sandbox, "cat /dev/zero >/work/full");
    expect(stderr).toContain("No space left");
    expect(await sandbox.stats()).toMatchObject({ diskFull: true });
    expect(Number((await shell(sandbox, "wc -c </work/full")).stdout)).toBeLessThanOrEqual(8 * MIB);
    // Others write to this disk as well, but not in steps of this size.
    expect(before - free()).toBeLessThan(256 * MIB);
    await sandbox.files.remove("/work/full");
    expect((await shell(sandbox, "echo again >/work/a; cat /work/a")).stdout).toBe("again\n");
    const result = await run(["sh", "-c", "cat /dev/zero >/work/full"], {
      level,
      resources: { memory: "64MiB", disk: "8MiB" },
    });
    expect(result).toMatchObject({ exitCode: 1, diskFull: true });
  });

  test("eight at once: each has its own, and nothing is left of any", async () => {
    const sandboxes = await Promise.all(Array.from({ length: 8 }, () => Sandbox.create(POLICY)));
    try {
      expect(monitorsOf()).toHaveLength(8);
      traces.see();
      await Promise.all(sandboxes.map((sandbox, index) => sandbox.files.write("/work/mine", String(index))));
      const script = "cat /work/mine; echo; cat /proc/sys/kernel/random/boot_id";
      const said = await Promise.all(sandboxes.map((sandbox) => shell(sandbox, script)));
      expect(said.map(({ stdout }) => stdout.split("\n")[0])).toEqual([..."01234567"]);
      expect(new Set(said.map(({ stdout }) => stdout.split("\n")[1])).size).toBe(8);
      const evidence = await Promise.all(sandboxes.map((sandbox) => sandbox.evidence()));
      expect(new Set(evidence.map(({ init }) => init.uid[0])).size).toBe(8);
    } finally {
      await Promise.all(sandboxes.map((sandbox) => sandbox.kill()));
    }
    await traces.assertGone();
  });

  test.each([
    ["the library's process", "idle", (victim: ChildProcess) => [victim.pid ?? 0]],
    ["the library's process, while it makes more", "churn", (victim: ChildProcess) => [victim.pid ?? 0]],
    ["the broker", "idle", brokersOf],
    ["the broker, while more are made", "churn", brokersOf],
    ["both", "churn", (victim: ChildProcess) => [...brokersOf(victim), victim.pid ?? 0]],
  ] as const)("%s is killed while machines are busy (%s): nothing is left", async (_who, mode, whom) => {
    await using directory = await TemporaryDirectory.create("machines");
    await mkdir(directory.join("tmp"));
    const env = { ...process.env, TMPDIR: directory.join("tmp"), BULKHEAD_STORE: directory.join("store") };
    const victim = spawn(process.execPath, ["--import", "tsx", VICTIM, mode], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(victim, "exit");
    try {
      await once(victim.stdout, "data");
      await sleep(ms(500));
      const monitors = monitorsOf(victim.pid);
      expect(monitors.length).toBeGreaterThanOrEqual(2);
      const groups = monitors.flatMap(groupsOf);
      for (const pid of whom(victim)) process.kill(pid, "SIGKILL");
      await eventually("every monitor is gone", 3000, () => !monitors.some(isAlive));
      victim.kill("SIGKILL");
      await exited;
      await eventually("no other was made", 3000, () => monitorsOf(victim.pid).length === 0);
      // A broker that could not clean up leaves that to the next one.
      expect(spawnSync(process.execPath, ["--import", "tsx", VICTIM, "next"], { env, stdio: "inherit" }).status).toBe(
        0,
      );
      await eventually("control groups are gone", 5000, () => !groups.some((path) => existsSync(path)));
      const files = readdirSync(directory.join("tmp")).filter((name) => name.startsWith("bulkhead"));
      expect(files).toEqual([]);
    } finally {
      victim.kill("SIGKILL");
    }
  });
});

/** The broker that a process has started: what made the first of its monitors' jails. */
function brokersOf(victim: ChildProcess): readonly number[] {
  const relay = parentOf(monitorsOf(victim.pid)[0] ?? 0) ?? 0;
  return [parentOf(relay) ?? 0];
}

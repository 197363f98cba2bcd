import { BulkheadError, run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { inside, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { eventually, ms, sleep } from "../support/time.js";

await forEachLevel((level) => {
  test("a signal reaches the whole process group", async () => {
    await using sandbox = await Sandbox.create({ level });
    const process = await sandbox.exec(["sh", "-c", "sleep 1000 & sleep 1000"], { buffer: true });
    process.kill("SIGTERM");
    expect((await process.result).signal).toBe("SIGTERM");
    await eventually("no sleep is left", 2000, async () => (await shell(sandbox, "pgrep sleep || true")).stdout === "");
  });

  test("a process can handle a signal", async () => {
    await using sandbox = await Sandbox.create({ level });
    const process = await sandbox.exec([
      "sh",
      "-c",
      "trap 'echo got it; exit 3' USR1; echo ready; while :; do sleep 0.05; done",
    ]);
    let shown = "";
    process.stdout?.on("data", (chunk: Buffer) => {
      shown += chunk.toString();
    });
    await eventually("the trap is set", 5000, () => shown.includes("ready"));
    process.kill("SIGUSR1");
    expect((await process.result).exitCode).toBe(3);
    expect(shown).toContain("got it");
  });

  test("signals start out unblocked and unhandled", async () => {
    const { stdout } = await run(["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"], { level });
    for (const [, name, mask] of stdout.matchAll(/^(\w+):\t([0-9a-f]+)$/gm)) expect(mask, name).toMatch(/^0+$/);
  });

  test("a time limit of one exec kills it and its group, and nothing else", async () => {
    await using sandbox = await Sandbox.create({ level });
    const result = await shell(sandbox, "trap '' TERM; sleep 1000 & sleep 1000", { timeoutMs: 200 });
    expect(result).toMatchObject({ timedOut: true, exitCode: null, signal: "SIGKILL" });
    expect((await inside(sandbox, ["echo", "alive"])).stdout).toBe("alive\n");
  });

  test("resources.time ends a run, even if it ignores signals", async () => {
    const started = Date.now();
    const result = await run(["sh", "-c", "trap '' TERM INT HUP; (setsid sleep 1000 &) ; while :; do sleep 1; done"], {
      level,
      resources: { time: "300ms" },
    });
    expect(result.timedOut).toBe(true);
    expect(Date.now() - started).toBeLessThan(ms(3000));
  });

  test("an AbortSignal ends it", async () => {
    await using sandbox = await Sandbox.create({ level });
    const controller = new AbortController();
    const pending = shell(sandbox, "sleep 1000", { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(pending).rejects.toMatchObject({ code: "ABORTED" });
    await expect(shell(sandbox, "true", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect((await inside(sandbox, ["true"])).exitCode).toBe(0);
  });

  test("pause stops every process, resume continues them", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.exec(["sh", "-c", "while :; do echo x >> /work/count; sleep 0.01; done"], { buffer: true });
    await eventually("it counts", 5000, () => sandbox.files.readText("/work/count").catch(() => undefined));
    try {
      await sandbox.pause();
    } catch (error) {
      // A broker without a control group of its own has nothing to freeze with, and says so.
      if (error instanceof BulkheadError && ["CGROUP_UNAVAILABLE", "UNSUPPORTED"].includes(error.code)) return;
      throw error;
    }
    const before = await sandbox.stats();
    await sleep(200);
    const after = await sandbox.stats();
    if (before.cpuUs !== null && after.cpuUs !== null) expect(after.cpuUs - before.cpuUs).toBeLessThan(20_000);
    await sandbox.resume();
    const count = (await sandbox.files.readText("/work/count")).length;
    await eventually("it counts again", 5000, async () => (await sandbox.files.readText("/work/count")).length > count);
  });

  test("kill ends everything at once, and says so to what was under way", async () => {
    const sandbox = await Sandbox.create({ level });
    const process = await sandbox.exec(["sleep", "1000"], { buffer: true });
    await sandbox.kill();
    await expect(process.result).rejects.toMatchObject({ code: expect.stringMatching(/^SANDBOX_(CLOSED|LOST)$/) });
    await expect(sandbox.exec(["true"])).rejects.toMatchObject({
      code: expect.stringMatching(/^SANDBOX_(CLOSED|LOST)$/),
    });
    await sandbox.kill();
  });
});

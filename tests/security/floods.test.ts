import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { BulkheadError, type Level, type Policy, type Process, run, Sandbox } from "bulkhead";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allProcesses, readKernelFile } from "../support/host.js";
import { inside, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { PROBE, PROBE_PATH } from "../support/programs.js";
import { eventually, ms, sleep } from "../support/time.js";
import { Arena } from "./support/arena.js";

/** How soon after the end of a bomb the host must be as it was. */
const BACK_WITHIN_MS = 3000;

function availableMemory(): number {
  return Number(/MemAvailable:\s+(\d+)/.exec(readKernelFile("/proc/meminfo"))?.[1] ?? 0) * 1024;
}

/** Starting a program on the host: what a bomb that got through would make slow or impossible. */
function hostWorks(): void {
  const started = performance.now();
  const { status } = spawnSync("/bin/true");
  expect(status, "the host can start programs").toBe(0);
  expect(performance.now() - started, "and soon").toBeLessThan(ms(2000));
}

await forEachLevel((level: Level) => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.create();
  });
  afterAll(async () => await arena[Symbol.asyncDispose]());

  /** What may be used in all: the policy's, and where another kernel makes the wall what that has for itself. */
  const most = (80 + ({ gvisor: 128, microvm: 240 }[level as string] ?? 0)) << 20;

  const policy = (resources: Policy["resources"] = {}): Policy => ({
    level,
    files: [{ host: PROBE_PATH, at: PROBE }],
    resources: { memory: "64MiB", pids: 32, disk: "4MiB", output: "1MiB", ...resources },
  });

  /** Lets `argv` rage in a sandbox for a while, ends it, and sees that the host is back. */
  async function survives(argv: readonly string[], during?: (sandbox: Sandbox) => Promise<void>): Promise<void> {
    const before = { processes: allProcesses().length, memory: availableMemory() };
    const sandbox = await Sandbox.create(policy());
    const bomb: Promise<Process> = sandbox.exec(argv, { buffer: true });
    bomb.then(
      (process) => process.result.catch(() => undefined),
      () => undefined,
    );
    await sleep(ms(500));
    hostWorks();
    await during?.(sandbox);
    await sandbox.kill();
    await eventually("the host is back", BACK_WITHIN_MS, () => {
      // Others start and end programs on this machine too: what a bomb took is more than that.
      return allProcesses().length < before.processes + 25 && availableMemory() > before.memory - 512 * 1024 * 1024;
    });
    arena.assertIntact();
  }

  const rule = "[every resource bounded]";
  /** An emulated one is slow. */
  const isMachine = level === "microvm";

  test(`a fork bomb ${rule}`, async () => {
    await survives([PROBE, "fork-bomb"], async (sandbox) => {
      const { pids, pidsExceeded } = await sandbox.stats();
      // The one more is init.
      if (pids !== null) expect(pids).toBeLessThanOrEqual(33);
      if (pidsExceeded !== null) expect(pidsExceeded).toBeGreaterThan(0);
    });
  });

  test(`a memory bomb ${rule}`, async () => {
    await survives([PROBE, "memory-bomb"], async (sandbox) => {
      const stats = await sandbox.stats().catch(() => undefined);
      if (typeof stats?.memoryPeakBytes === "number") expect(stats.memoryPeakBytes).toBeLessThan(most);
    });
  });

  test(`a flood of zombies ${rule}`, async () => {
    await using sandbox = await Sandbox.create(policy());
    for (let round = isMachine ? 4 : 0; round < 5; round += 1) await inside(sandbox, [PROBE, "zombies", "200"]);
    await eventually("init has reaped them", 3000, async () => {
      const { stdout } = await shell(sandbox, "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l");
      return Number(stdout) <= 1;
    });
    arena.assertIntact();
  });

  test(`descriptors: one process takes all it can get ${rule}`, async () => {
    await using sandbox = await Sandbox.create(policy({ openFiles: 100 }));
    const { stdout } = await inside(sandbox, [PROBE, "open-files", "100000"]);
    expect(stdout).toContain('"errno":24');
    expect((await inside(sandbox, ["echo", "alive"])).stdout).toBe("alive\n");
    arena.assertIntact();
  });

  test.each(["pipes", "sockets"])(`%s full of data are memory of the sandbox ${rule}`, async (kind) => {
    const before = availableMemory();
    const result = await run([PROBE, kind, "100000"], policy({ time: "5s", openFiles: 4096 }));
    expect(result.exitCode === 0 && result.stdout.includes("succeeded")).toBe(false);
    if (result.maxRssBytes !== null) expect(result.maxRssBytes).toBeLessThan(most);
    await eventually("memory is back", BACK_WITHIN_MS, () => availableMemory() > before - 256 * 1024 * 1024);
    arena.assertIntact();
  });

  test(`disk: each writable place has an end ${rule}`, async () => {
    await using sandbox = await Sandbox.create(policy());
    for (const place of ["/work", "/tmp", "/dev/shm"]) {
      const { stdout } = await inside(sandbox, [PROBE, "disk", place, String(1 << 30)]);
      expect(stdout, place).toMatch(/"errno":(28|27|122)|"outcome":"refused"|^$/);
    }
    arena.assertIntact();
  });

  test(
    `inodes: each writable place has an end ${rule}`,
    async () => {
      for (const place of ["/work", "/tmp", "/dev/shm"]) {
        await using sandbox = await Sandbox.create(policy());
        const flood = inside(sandbox, [PROBE, "inodes", place, "10000000"], { timeoutMs: ms(20_000) });
        const { stdout, signal } = await flood.catch((error: unknown) => {
          // What the Sentry knows of each file is memory of the sandbox: it may end all of it first.
          if (level === "gvisor" && error instanceof BulkheadError && error.code === "SANDBOX_LOST")
            return { stdout: "", signal: "SIGKILL" };
          throw error;
        });
        expect(stdout.includes('"errno":28') || signal === "SIGKILL", `${place}: ${stdout}`).toBe(true);
      }
      arena.assertIntact();
    },
    ms(120_000),
  );

  test(`a directory deeper than any path ${rule}`, async () => {
    await using sandbox = await Sandbox.create(policy());
    const { stdout } = await inside(sandbox, [PROBE, "deep", "/work", "5000"]);
    expect(stdout).toMatch(/succeeded|refused/);
    // Whatever becomes of removing it: an answer, and init lives.
    await sandbox.files.remove("/work/d", { recursive: true }).catch(() => undefined);
    expect((await inside(sandbox, ["echo", "alive"])).stdout).toBe("alive\n");
  });

  test(`output without end ${rule}`, async () => {
    const before = process.memoryUsage().rss;
    const result = await run([PROBE, "output", String(2 ** 34)], policy({ time: "20s" }));
    expect(result).toMatchObject({ outputTruncated: true });
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
    hostWorks();
  });

  test(`a sparse file of a terabyte is not read into memory ${rule}`, async () => {
    await using sandbox = await Sandbox.create(policy({ disk: "2TiB" }));
    const { stdout } = await inside(sandbox, [PROBE, "sparse", "/work/huge", String(2 ** 40)]);
    expect(stdout).toContain("succeeded");
    const before = process.memoryUsage().rss;
    await expect(sandbox.files.read("/work/huge")).rejects.toMatchObject({ code: expect.stringMatching(/^FILE_/) });
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
  });

  test(`SysV segments and message queues end with the sandbox ${rule}`, async () => {
    await run([PROBE, "memory-sysv", String(1 << 20)], policy());
    const queues = await run([PROBE, "queues", "10000"], policy());
    expect(queues.stdout).toContain("refused");
    arena.assertIntact();
    expect(readKernelFile("/proc/sysvipc/shm")).not.toContain("1651862635");
  });

  test("a core dump goes nowhere", async () => {
    const before = readdirSync(".");
    const result = await run([PROBE, "core"], policy());
    expect(result.signal).toBe("SIGABRT");
    expect(readdirSync(".")).toEqual(before);
    arena.assertIntact();
  });

  test(`init refuses operations above its limit, and continues ${rule}`, async () => {
    await using sandbox = await Sandbox.create(policy({ pids: 128 }));
    const all = Array.from({ length: 300 }, () =>
      inside(sandbox, ["sleep", "0.2"]).then(
        () => "ran",
        (error: { code: string }) => error.code,
      ),
    );
    const outcomes = new Set(await Promise.all(all));
    for (const outcome of outcomes) expect(["ran", "TOO_MANY_OPERATIONS", "EXEC_FAILED"]).toContain(outcome);
    expect(outcomes).toContain("ran");
    expect((await inside(sandbox, ["echo", "alive"])).stdout).toBe("alive\n");
  });
});

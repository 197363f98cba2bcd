import { type Policy, run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { inside, printed, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { PROBE, PROBE_PATH } from "../support/programs.js";
import { eventually, ms } from "../support/time.js";

const PROBE_FILE = { host: PROBE_PATH, at: PROBE } as const;

await forEachLevel((level) => {
  const policy = (resources: NonNullable<Policy["resources"]>): Policy => ({ level, resources, files: [PROBE_FILE] });

  /** What a limit needs that not every host has; asked of the sandbox itself. */
  async function measures(what: "oomKills" | "pidsExceeded" | "cpuUs"): Promise<boolean> {
    await using sandbox = await Sandbox.create({ level });
    return (await sandbox.stats())[what] !== null;
  }

  test("too much memory is oomKilled, and only that", async (context) => {
    if (!(await measures("oomKills"))) context.skip("no control group limits memory here");
    const result = await run([PROBE, "memory-bomb"], policy({ memory: "32MiB", time: "20s" }));
    expect(result).toMatchObject({
      oomKilled: true,
      pidsExceeded: false,
      timedOut: false,
      diskFull: false,
      outputTruncated: false,
    });
    expect(result.signal).toBe("SIGKILL");
  });

  test("memory that no process holds counts too", async (context) => {
    if (!(await measures("oomKills"))) context.skip("no control group limits memory here");
    const result = await run([PROBE, "memory-shared", String(256 << 20)], policy({ memory: "32MiB", time: "20s" }));
    expect(result.exitCode === 0 && result.stdout.includes("succeeded")).toBe(false);
  });

  test("too many processes is pidsExceeded", async (context) => {
    if (!(await measures("pidsExceeded"))) context.skip("no control group limits processes here");
    const result = await run(
      ["sh", "-c", "for i in $(seq 100); do sleep 5 & done; wait"],
      policy({ pids: 16, time: "20s" }),
    );
    expect(result).toMatchObject({ pidsExceeded: true, oomKilled: false, timedOut: false });
  });

  test("too many threads is pidsExceeded as well", async (context) => {
    if (!(await measures("pidsExceeded"))) context.skip("no control group limits processes here");
    const result = await run([PROBE, "threads", "100"], policy({ pids: 16 }));
    expect(result).toMatchObject({ pidsExceeded: true });
    expect(result.stdout).toContain("refused");
  });

  test("without a limit in the policy there is room for 200 threads", async () => {
    const result = await run([PROBE, "threads", "200"], { level, files: [PROBE_FILE] });
    expect(result.stdout).toContain("all 200");
    expect(result.pidsExceeded).toBe(false);
  });

  test("no more processes come of trying again and again", async (context) => {
    await using sandbox = await Sandbox.create(policy({ pids: 16 }));
    const line = sandbox.enforcement.protections.find(({ protection }) => protection === "cgroup.pids");
    if (line?.status !== "enforced") context.skip("nothing counts all processes here");
    const { stdout } = await inside(sandbox, [PROBE, "processes", "300"]);
    const had = Number(/(\d+) processes/.exec(stdout)?.[1]);
    expect(had).toBeGreaterThan(4);
    expect(had).toBeLessThan(16);
  });

  test("too long is timedOut", async () => {
    const result = await run([PROBE, "spin"], policy({ time: "400ms" }));
    expect(result).toMatchObject({ timedOut: true, oomKilled: false, outputTruncated: false });
    expect(result.durationMs).toBeGreaterThan(350);
    expect(result.durationMs).toBeLessThan(ms(4000));
  });

  test("too much output is outputTruncated, and what came before is there", async () => {
    const result = await run(["sh", "-c", "yes"], policy({ output: "100KiB", time: "20s" }));
    expect(result).toMatchObject({ outputTruncated: true, timedOut: false });
    expect(result.stdout.length + result.stderr.length).toBe(100 * 1024);
  });

  test("a full disk is diskFull, and an error inside", async () => {
    const result = await run(
      ["sh", "-c", "dd if=/dev/zero of=/work/fill bs=64k; sync; sleep 0.1"],
      policy({ disk: "1MiB", time: "20s" }),
    );
    expect(result.stderr).toMatch(/No space left/);
    expect(result.diskFull).toBe(true);
  });

  test("open files", async () => {
    expect(await printed("ulimit -n; ulimit -Hn", { level, resources: { openFiles: 50 } })).toBe("50\n50\n");
    const result = await run([PROBE, "open-files", "1000"], policy({ openFiles: 50 }));
    expect(result.stdout).toContain('"errno":24');
  });

  test("no core dumps, no locked memory to speak of, no message queues", async () => {
    expect(await printed("ulimit -Hc", { level })).toBe("0\n");
    const result = await run([PROBE, "memory-locked", String(1 << 30)], policy({}));
    expect(result.stdout).toContain("refused");
  });

  test("half a processor is half a processor", async (context) => {
    if (!(await measures("cpuUs"))) context.skip("no control group counts processor time here");
    await using sandbox = await Sandbox.create(policy({ cpus: 0.5 }));
    // A machine has used some by then.
    const before = (await sandbox.stats()).cpuUs ?? 0;
    await shell(sandbox, `timeout 2 ${PROBE} spin & timeout 2 ${PROBE} spin & wait`);
    const { cpuUs } = await sandbox.stats();
    expect((cpuUs ?? 0) - before).toBeLessThan(1_400_000 * 1.2);
  });

  test("results say what was used", async () => {
    const result = await run(["sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"], { level });
    expect(result.durationMs).toBeGreaterThan(0);
    if (result.cpuMs !== null) expect(result.cpuMs).toBeGreaterThan(0);
    if (result.maxRssBytes !== null) expect(result.maxRssBytes).toBeGreaterThan(0);
    expect(result.level).toBe(level);
    expect(result.enforcement.protections.length).toBeGreaterThan(5);
  });

  test("a bomb of one exec ends with its time, and the next exec works", async () => {
    await using sandbox = await Sandbox.create(policy({ pids: 20, memory: "64MiB" }));
    expect(await inside(sandbox, [PROBE, "fork-bomb"], { timeoutMs: 1000 })).toMatchObject({ timedOut: true });
    await eventually("it answers again", 5000, async () => {
      const answer = await shell(sandbox, "echo alive").catch(() => undefined);
      return answer?.stdout === "alive\n";
    });
  });

  test("twenty sandboxes at once", async () => {
    // A machine each is a memory of its own each.
    const many = level === "microvm" ? 4 : 20;
    const results = await Promise.all(
      Array.from({ length: many }, (_, index) =>
        run(["sh", "-c", `echo ${index} > /work/own; sleep 0.2; cat /work/own`], { level }),
      ),
    );
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: many }, (_, index) => index));
  });
});

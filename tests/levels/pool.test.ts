/** `Pool`: sandboxes made ahead, each used once, at every level; nothing of one use is ever seen by another. */

import { mkdir, writeFile } from "node:fs/promises";
import { killSandbox, type Level, listSandboxes, Pool, type Sandbox } from "bulkhead";
import { expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually, sleep } from "../support/time.js";

/** Leaves something wherever a workload can, then says what it finds of that. */
const MARK = [
  "for place in /tmp /work /dev/shm; do ls -A $place; echo mine > $place/mark; done",
  "for file in /proc/[0-9]*/comm; do read -r name <$file; echo $name; done",
  "hostname mine 2>/dev/null || true",
  "sleep 1000 >/dev/null 2>&1 &",
].join("\n");

await forEachLevel((level: Level) => {
  it("runs programs in sandboxes of their own: nothing of one is seen by another", async () => {
    await using pool = await Pool.create({ level }, { min: 1, max: 2 });
    const outputs: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      const { stdout, exitCode, stderr } = await pool.run(["sh", "-c", MARK]);
      expect([exitCode, stderr]).toEqual([0, ""]);
      outputs.push(stdout);
    }
    // As in the first one that was made: no file, no process, no name of before.
    expect(new Set(outputs).size).toBe(1);
    expect(outputs[0]).not.toContain("mark");
    expect(outputs[0]).not.toContain("sleep");
  });

  it("gives what `run` gives, evidence and record of the sandbox that was used", async () => {
    await using directory = await TemporaryDirectory.create("pool");
    await using pool = await Pool.create({ level, resources: { time: "20s" } });
    const record = { to: directory.path };
    const result = await pool.run(["sh", "-c", "cat; echo err >&2; exit 3"], { input: "in", record });
    expect(result).toMatchObject({ stdout: "in", stderr: "err\n", exitCode: 3, timedOut: false, level });
    expect(result.enforcement.protections.length).toBeGreaterThan(5);
    expect(result.record).not.toBeNull();
    expect(await pool.run(["/no/such"])).toMatchObject({ exitCode: 127, notFound: true });
    const { durationMs } = result;
    expect(durationMs).toBeLessThan(20_000);
  });

  it("hands out sandboxes that are the caller's, each with an id of its own", async () => {
    await using pool = await Pool.create({ level }, { min: 2, max: 2 });
    await eventually("two stand ready", 60_000, () => pool.stats().ready === 2);
    const taken: Sandbox[] = [await pool.take(), await pool.take()];
    expect(pool.stats()).toMatchObject({ hits: 2, misses: 0 });
    expect(new Set(taken.map(({ id }) => id)).size).toBe(2);
    const [first, second] = taken as [Sandbox, Sandbox];
    await first.files.write("/tmp/mine", "x");
    await expect(second.files.read("/tmp/mine")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await first.close();
    expect((await second.run(["echo", "lives"])).stdout).toBe("lives\n");
    await second.close();
  });

  it("counts the time of a program from when it is asked for, not from when its sandbox was made", async () => {
    await using pool = await Pool.create({ level, resources: { time: "2s" } }, { max: 1 });
    await sleep(2_500);
    expect(await pool.run(["echo", "in time"])).toMatchObject({ stdout: "in time\n", timedOut: false });
    expect(await pool.run(["sleep", "60"])).toMatchObject({ timedOut: true });
  });

  it("counts the gates of what stands ready against its memory", async () => {
    const network = { allow: ["web.test"] };
    await using plain = await Pool.create({ level }, { max: 1 });
    await using gated = await Pool.create({ level, network }, { max: 1 });
    // A gate is a program of some 13 MiB, and no control group of its sandbox's is charged for that.
    const more = () => gated.stats().eachBytes - plain.stats().eachBytes;
    await eventually("the gate is counted", 60_000, () => more() > 4 * 1024 * 1024);
  });

  it("keeps no more than `max` of those that requests had started and then left", async () => {
    await using pool = await Pool.create({ level }, { min: 1, max: 1 });
    const leaving = new AbortController();
    const left = Array.from({ length: 6 }, () => pool.take({ signal: leaving.signal }));
    leaving.abort();
    for (const taken of await Promise.allSettled(left)) if (taken.status === "fulfilled") await taken.value.close();
    await eventually("none starts", 60_000, () => pool.stats().starting === 0);
    expect(pool.stats().ready).toBe(1);
  });

  it("replaces one that died while it waited", async () => {
    await using pool = await Pool.create({ level }, { max: 1 });
    const own = async () => (await listSandboxes()).sandboxes.filter(({ callerPid }) => callerPid === process.pid);
    const [waiting, ...others] = await own();
    expect(others).toEqual([]);
    await killSandbox(waiting?.id ?? "");
    expect(await pool.run(["echo", "another"])).toMatchObject({ stdout: "another\n" });
  });

  it("throws away what was made before a file changed that the policy names", async () => {
    await using directory = await TemporaryDirectory.create("pool");
    const profile = directory.join("profile.json");
    const refuse = async (names: readonly string[]) =>
      await writeFile(
        profile,
        JSON.stringify({
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: names.length === 0 ? [] : [{ names, action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
        }),
      );
    await refuse([]);
    await using pool = await Pool.create({ level, syscalls: { profile } }, { min: 1, max: 1 });
    expect((await pool.run(["mkdir", "/tmp/a"])).exitCode).toBe(0);
    await eventually("one stands ready", 60_000, () => pool.stats().ready === 1);
    await refuse(["mkdir", "mkdirat"]);
    await sleep(2_100);
    expect((await pool.run(["mkdir", "/tmp/a"])).exitCode).toBe(1);
    expect(pool.stats().discarded).toBeGreaterThan(0);
  });

  it("ends unused sandboxes when it is closed, and keeps those that it handed out", async () => {
    const pool = await Pool.create({ level }, { min: 2, max: 2 });
    const taken = await pool.take();
    const waiting = pool.run(["sleep", "1"]).catch((error: unknown) => error);
    await pool.close();
    await waiting;
    await expect(pool.run(["true"])).rejects.toMatchObject({ code: "POOL_CLOSED" });
    await expect(pool.take()).rejects.toMatchObject({ code: "POOL_CLOSED" });
    expect((await taken.run(["echo", "lives"])).stdout).toBe("lives\n");
    await taken.close();
    expect(pool.stats()).toMatchObject({ ready: 0, starting: 0 });
  });

  it("stops waiting when its signal is aborted", async () => {
    await using pool = await Pool.create({ level }, { min: 0, max: 1 });
    const abort = new AbortController();
    const held = await pool.take();
    const waiting = pool.take({ signal: abort.signal });
    abort.abort();
    await waiting.then(
      async (sandbox) => await sandbox.close(), // it was there before the signal
      (error) => expect(error).toMatchObject({ code: "ABORTED" }),
    );
    await held.close();
    expect(await pool.run(["echo", "goes on"])).toMatchObject({ stdout: "goes on\n" });
  });

  it("serves more at once than stand ready", async () => {
    await using pool = await Pool.create({ level }, { min: 1, max: 2 });
    const count = level === "microvm" ? 3 : 8;
    const results = await Promise.all(Array.from({ length: count }, (_, index) => pool.run(["echo", `${index}`])));
    expect(results.map(({ stdout }) => stdout.trim())).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
    expect(new Set(results.map(({ enforcement }) => enforcement.level)).size).toBe(1);
    const { hits, misses } = pool.stats();
    expect(hits + misses).toBe(count);
  });

  it("refuses at once a policy that this host cannot launch", async () => {
    await expect(Pool.create({ level, root: "/no/such" })).rejects.toMatchObject({ code: "ROOT_INVALID" });
    await expect(Pool.create({ level }, { min: -1 })).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  });

  it("refuses host directories where a sandbox has copies of them, and else shows them as they are", async () => {
    await using directory = await TemporaryDirectory.create("pool");
    await mkdir(directory.join("data"));
    const policy = { level, files: [{ host: directory.join("data"), at: "/data" }] };
    if (level === "microvm") {
      await expect(Pool.create(policy)).rejects.toMatchObject({ code: "POOL_UNSUITABLE" });
      return;
    }
    await using pool = await Pool.create(policy);
    await writeFile(directory.join("data/later"), "seen\n");
    expect(await pool.run(["cat", "/data/later"])).toMatchObject({ stdout: "seen\n" });
  });
});

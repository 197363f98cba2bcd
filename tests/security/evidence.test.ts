import { type Level, type Protection, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { TRACED } from "../../packages/bulkhead/src/contract/generated/control-constants.js";
import { INSIDE } from "../../packages/bulkhead/src/enforcement/assess/microvm.js";
import { forEachLevel } from "../support/levels.js";
import { eventually } from "../support/time.js";

/** Whether the broker can see it: inside a machine it cannot look. */
function isTraced(protection: Protection, level: Level): boolean {
  const traced: readonly Protection[] = TRACED;
  return traced.includes(protection) && !(level === "microvm" && INSIDE.includes(protection));
}

await forEachLevel((level) => {
  test("the broker's verdict is that of its table, before a workload runs and while one does", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.exec(["sleep", "1000"], { stdin: "null" });
    const { verdict, processes } = await sandbox.evidence();
    expect(verdict.contradicted).toEqual([]);
    const claimed = sandbox.enforcement.protections.flatMap(({ protection, status }) =>
      status === "enforced" && isTraced(protection, level) ? [protection] : [],
    );
    expect(claimed.length).toBeGreaterThan(level === "microvm" ? 1 : 9);
    for (const protection of claimed) expect(verdict.inForce).toContain(protection);
    expect(processes?.length ?? 0).toBeLessThan(20);
  });

  test("a workload cannot make the evidence of it too long to be read", async () => {
    await using other = await Sandbox.create({ level });
    await using sandbox = await Sandbox.create({ level, resources: { pids: 800, memory: "1GiB" } });
    const script = "i=0; while [ $i -lt 700 ]; do sleep 1000 & i=$((i+1)); done; echo up; wait";
    const process = await sandbox.exec(["sh", "-c", script], { stdin: "null" });
    await new Promise((resolve) => process.stdout?.once("data", resolve));
    const { processes, init } = await sandbox.evidence();
    // None where no cgroup tells which processes are the sandbox's; and of a machine those that make it, whatever runs
    // in it.
    const count = processes?.length ?? -1;
    if (level === "microvm") expect(count).toBeLessThan(8);
    else expect(count === 0 || count === 256).toBe(true);
    expect(init.seccomp).toBe(2);
    // The answer goes over the connection that every sandbox of this process depends on.
    expect((await other.run(["true"])).exitCode).toBe(0);
    await eventually("all of it can be ended", 5000, async () => sandbox.kill().then(() => true));
  });
});

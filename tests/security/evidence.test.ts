import { Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { eventually } from "../support/time.js";

await forEachLevel((level) => {
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

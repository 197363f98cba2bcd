import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { type Policy, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { isAlive, noneLeft, processesWith, readKernelFile } from "../support/host.js";
import { inside, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { PROBE, PROBE_PATH } from "../support/programs.js";
import { eventually } from "../support/time.js";

/** Seen from a host that can see all processes; a marker in their command lines tells ours from others'. */
await forEachLevel((level) => {
  const policy: Policy = { level, files: [{ host: PROBE_PATH, at: PROBE }] };

  /** The processes of a guest are no processes of this host: there they are seen from inside, and end with their machine. */
  const isMachine = level === "microvm";

  test("a daemon that left its session and ignores every signal ends with the sandbox [§4.8(7)]", async () => {
    const marker = `marker-${randomBytes(8).toString("hex")}`;
    const sandbox = await Sandbox.create(policy);
    await inside(sandbox, [PROBE, "daemon", marker]);
    await eventually("the daemon runs", 3000, async () =>
      isMachine
        ? !(await inside(sandbox, [PROBE, "find", marker])).stdout.includes("absent")
        : processesWith(marker).length > 0,
    );
    const { init } = await sandbox.evidence();
    await sandbox.kill();
    await noneLeft(marker);
    expect(isAlive(init.pid)).toBe(false);
  });

  test.skipIf(isMachine)("so does a deep tree of them [§4.8(7)]", async () => {
    const marker = `marker-${randomBytes(8).toString("hex")}`;
    const sandbox = await Sandbox.create(policy);
    await inside(sandbox, [PROBE, "tree", "4", "2", marker]);
    await eventually("the tree has grown", 3000, () => processesWith(marker).length >= 20);
    await sandbox.kill();
    await noneLeft(marker);
  });

  test("what sandbox and control group leave behind is nothing [§4.8(7)]", async () => {
    const sandbox = await Sandbox.create(policy);
    const { init } = await sandbox.evidence();
    const groups = readKernelFile(`/proc/${init.pid}/cgroup`)
      .split("\n")
      .map((line) => line.split(":").slice(2).join(":"));
    await sandbox.kill();
    expect(isAlive(init.pid)).toBe(false);
    for (const group of groups.filter((path) => path.includes("bulkhead"))) {
      for (const controller of ["", "memory/", "pids/", "cpu/", "unified/", "freezer/"]) {
        expect(existsSync(`/sys/fs/cgroup/${controller}${group}`), group).toBe(false);
      }
    }
  });

  test("init has an empty environment and a command line without secrets [§4.8(3)]", async () => {
    process.env["BULKHEAD_CANARY_OUTSIDE"] = "leaked";
    try {
      await using sandbox = await Sandbox.create(policy);
      const { init } = await sandbox.evidence();
      // A monitor's is what its jail gives it: where its libraries are.
      const environment = readKernelFile(`/proc/${init.pid}/environ`);
      expect(isMachine ? environment.replace(/^LD_LIBRARY_PATH=[^\0]*\0$/, "") : environment).toBe("");
      const line = readKernelFile(`/proc/${init.pid}/cmdline`);
      expect(line).not.toContain(process.cwd());
      expect((await shell(sandbox, "cat /proc/1/cmdline")).stdout).not.toContain(PROBE_PATH);
    } finally {
      delete process.env["BULKHEAD_CANARY_OUTSIDE"];
    }
  });

  // A known gap, required to stay one until it is closed: the kernel shows where in its file system a bind mount starts.
  (isMachine ? test : test.fails)("the path of a mounted file on the host does not show in mountinfo", async () => {
    await using sandbox = await Sandbox.create(policy);
    const { stdout } = await shell(sandbox, "cat /proc/self/mountinfo");
    expect(stdout).not.toContain(basename(PROBE_PATH));
  });

  test("two sandboxes neither see nor reach each other", async () => {
    await using one = await Sandbox.create(policy);
    await using other = await Sandbox.create(policy);
    const marker = `marker-${randomBytes(8).toString("hex")}`;
    await inside(one, [PROBE, "daemon", marker]);
    await one.files.write("/tmp/own", "mine");
    expect((await inside(other, [PROBE, "find", marker])).stdout).toContain("absent");
    await expect(other.files.read("/tmp/own")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    const [first, second] = [(await one.evidence()).init, (await other.evidence()).init];
    if (process.getuid?.() === 0) expect(first.uid[0]).not.toBe(second.uid[0]);
  });

  test("when init is killed, so is everything, and the sandbox says so [§4.8(7)]", async () => {
    const marker = `marker-${randomBytes(8).toString("hex")}`;
    await using sandbox = await Sandbox.create(policy);
    await inside(sandbox, [PROBE, "daemon", marker]);
    const waiting = inside(sandbox, ["sleep", "1000"]);
    const { init } = await sandbox.evidence();
    process.kill(init.pid, "SIGKILL");
    await expect(waiting).rejects.toMatchObject({ code: "SANDBOX_LOST" });
    await noneLeft(marker);
  });
});

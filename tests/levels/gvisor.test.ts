import { writeFile } from "node:fs/promises";
import { run, Sandbox } from "bulkhead";
import { describe, expect, test } from "vitest";
import { isRequired, lackFor } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const level = "gvisor" as const;
const lack = await lackFor(level);

test.runIf(lack !== undefined && isRequired(level))("gvisor is required here", () => {
  throw new Error(lack);
});

/** What is the Sentry's own; the suites of the other levels do not run here yet, since not all of it can be had. */
describe.skipIf(lack !== undefined)(`gvisor${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  test("another kernel answers, and the workload is nobody there", async () => {
    const { stdout } = await run(["sh", "-c", "id -u; uname -r; grep -E 'CapEff|NoNewPrivs' /proc/self/status"], {
      level,
    });
    expect(stdout).toMatch(/^1000\n4\.\S+\nCapEff:\t0{16}\n/);
  });

  test("streams, exit codes, files and signals go over the same channel", async () => {
    await using sandbox = await Sandbox.create({ level });
    expect(await sandbox.run(["sh", "-c", "cat; exit 3"], { input: "in\n" })).toMatchObject({
      stdout: "in\n",
      exitCode: 3,
    });
    await sandbox.files.write("/work/file", "content");
    expect((await sandbox.run(["cat", "/work/file"])).stdout).toBe("content");
    const sleeping = await sandbox.exec(["sleep", "100"]);
    sleeping.kill("SIGTERM");
    expect(await sleeping.result).toMatchObject({ signal: "SIGTERM" });
    expect((await sandbox.run(["sh", "-c", "echo again > /dev/stdout"])).stdout).toBe("again\n");
  });

  test("the root and what is mounted read-only cannot be written, noexec is kept, a tmpfs has its size", async () => {
    await using directory = await TemporaryDirectory.create("gvisor", 0o755);
    await writeFile(directory.join("file"), "from the host");
    const policy = {
      level,
      files: [
        { host: directory.path, at: "/data" },
        { tmpfs: "/scratch", size: "2MiB", exec: false },
      ],
    };
    const script = `cat /data/file; echo; echo x 2>/dev/null > /data/file || echo refused; touch /etc/x 2>/dev/null || echo refused
      cp /bin/busybox /scratch/true; /scratch/true 2>/dev/null || echo noexec; dd if=/dev/zero of=/scratch/big bs=1M count=4 2>&1 | grep -o "No space"`;
    const result = await run(["sh", "-c", script], policy);
    expect(result.stdout).toBe("from the host\nrefused\nrefused\nnoexec\nNo space\n");
    expect(result.diskFull).toBe(true);
  });

  test("a writable host directory and an AppArmor profile are refused, not done by halves", async () => {
    await using directory = await TemporaryDirectory.create("gvisor-rw", 0o755);
    const { chown } = await import("node:fs/promises");
    await chown(directory.path, 1234, 1234);
    await expect(
      run(["true"], { level, files: [{ host: directory.path, at: "/out", mode: "rw" }] }),
    ).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  });

  test("memory that is used up ends it, and it is said", async () => {
    const result = await run(["sh", "-c", "a=x; while :; do a=$a$a; done"], {
      level,
      resources: { memory: "32MiB", time: "20s" },
    });
    expect(result.exitCode).not.toBe(0);
    expect(result.oomKilled || result.stderr !== "").toBe(true);
  });

  test("it can be paused, and goes on", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.pause();
    await sandbox.resume();
    expect((await sandbox.run(["echo", "on"])).stdout).toBe("on\n");
  });

  test("the table says what is the Sentry's, and what is weaker", async () => {
    await using sandbox = await Sandbox.create({ level });
    const of = (name: string) => sandbox.enforcement.protections.find(({ protection }) => protection === name)?.status;
    expect(sandbox.enforcement.level).toBe("gvisor");
    expect([of("seccomp"), of("namespace.pid"), of("cgroup.memory"), of("network")]).toEqual(Array(4).fill("enforced"));
    expect([of("cgroup.pids"), of("landlock"), of("apparmor")]).toEqual(["weaker", "cannot", "cannot"]);
    const { init } = await sandbox.evidence();
    expect(init).toMatchObject({ noNewPrivs: true, seccomp: 2 });
    expect(init.uid[0]).toBeGreaterThanOrEqual(0x7000_0000);
  });

  test("trust and a least level choose it", async () => {
    expect((await run(["true"], { trust: "third-party" })).level).toBe("gvisor");
    expect((await run(["true"], { level: { min: "gvisor" } })).level).toBe("gvisor");
  });
});

import { chmod, chown, copyFile, lstat, mkdir, readdir, writeFile } from "node:fs/promises";
import { run, Sandbox } from "bulkhead";
import { examineHost, reportHost } from "bulkhead/host";
import { describe, expect, test } from "vitest";
import { isRequired, lackFor } from "../../support/levels.js";
import { PROBE, PROBE_PATH } from "../../support/programs.js";
import { TemporaryDirectory } from "../../support/temporary.js";

const level = "gvisor" as const;
const PROBE_FILE = { host: PROBE_PATH, at: PROBE } as const;

/**
 * Declares what is the Sentry's own, beside what the suites of all levels try, for the `runsc` that is found by now.
 */
export async function gvisorCases(title: string, counted: readonly string[] = ["enforced"]): Promise<void> {
  const lack = await lackFor(level);
  if (lack === undefined) describe(title, () => cases(counted));
  else if (isRequired(level))
    test(`${title} is required here`, () => {
      throw new Error(lack);
    });
  else describe.skip(`${title} (skipped: ${lack})`, () => cases(counted));
}

function cases(counted: readonly string[]): void {
  test("another kernel answers, and the workload has no privilege there", async () => {
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

  test.runIf(process.getuid?.() === 0)(
    "in a writable host directory no other owner's file can be made, nor one that gives its rights to others",
    async () => {
      await using directory = await TemporaryDirectory.create("gvisor-rw", 0o755);
      await mkdir(directory.join("out"));
      await chmod(directory.join("out"), 0o777);
      await chown(directory.join("out"), 1234, 1234);
      await using sandbox = await Sandbox.create({
        level,
        files: [{ host: directory.join("out"), at: "/out", mode: "rw" }],
      });
      const script = "echo x > /out/own; ln -s own /out/link; chmod 4755 /out/own || echo refused; ls -n /out/own";
      expect((await sandbox.run(["sh", "-c", script])).stdout).toMatch(/^refused\n-rw-r--r-- .*1000 +1000 /);
      await sandbox.exec(["sh", "-c", "echo x > /out/foreign"], { user: "1001:1001", buffer: true }).then(
        async (execution) => expect((await execution.result).exitCode).not.toBe(0),
        (error: unknown) => expect(error).toMatchObject({ code: "EXEC_USER_FIXED" }),
      );
      expect(await readdir(directory.join("out"))).toEqual(["link", "own"]);
      for (const name of ["own", "link"]) expect((await lstat(directory.join(`out/${name}`))).uid).toBe(1234);
      expect((await lstat(directory.join("out/own"))).mode & 0o7777).toBe(0o644);
    },
  );

  test("what only root of an image may read stays closed, to the first process as to any other", async () => {
    await using directory = await TemporaryDirectory.create("gvisor-root", 0o755);
    for (const name of ["bin", "proc", "dev", "sys", "tmp", "work", "etc"]) await mkdir(directory.join(name));
    const busybox = new URL("../../../packages/bulkhead/assets/base/bin/busybox", import.meta.url);
    await copyFile(busybox, directory.join("bin/busybox"));
    await writeFile(directory.join("etc/secret"), "secret", { mode: 0o600 });
    const policy = { level, root: directory.path };
    expect(await run(["/bin/busybox", "cat", "/etc/secret"], policy)).toMatchObject({ stdout: "", exitCode: 1 });
    const forked = "/bin/busybox cat /etc/secret; /bin/busybox ls -ln /etc/secret";
    const { stdout, stderr } = await run(["/bin/busybox", "sh", "-c", forked], policy);
    expect(stderr).toContain("Permission denied");
    expect(stdout).toMatch(/^-rw------- /);
    expect((await run(["/bin/busybox", "cat", "/etc/secret"], { ...policy, user: "0:0" })).stdout).toBe("secret");
  });

  test("as many at once as the policy allows leave the Sentry the threads that it needs", async () => {
    await using sandbox = await Sandbox.create({ level, resources: { pids: 64 } });
    const names = Array.from({ length: 50 }, (_, index) => `/work/${index}`);
    await Promise.all(names.map((name) => sandbox.files.write(name, name)));
    expect(await Promise.all(names.map((name) => sandbox.files.readText(name)))).toEqual(names);
  });

  test("the limit of processes holds in every launch, for each user and for threads", async () => {
    for (const user of ["1000:1000", "0:0", "1000:1000", "0:0", "1000:1000"]) {
      await using sandbox = await Sandbox.create({ level, user, resources: { pids: 12 }, files: [PROBE_FILE] });
      const { stdout } = await sandbox.run([PROBE, "processes", "300"]);
      const had = Number(/(\d+) processes/.exec(stdout)?.[1]);
      // Beside init and the one that asks; where each user is counted for itself, they may be another's.
      const line = sandbox.enforcement.protections.find(({ protection }) => protection === "cgroup.pids");
      expect(had).toBeGreaterThanOrEqual(10);
      expect(had).toBeLessThanOrEqual(line?.status === "enforced" ? 10 : 12);
      expect((await sandbox.run([PROBE, "threads", "20"])).stdout).toContain('"errno":11');
    }
  });

  test("what counts processes inside is out of the workload's reach", async () => {
    await using sandbox = await Sandbox.create({ level, user: "0:0", resources: { pids: 12 } });
    const { stderr } = await sandbox.run(["sh", "-c", "mount -t cgroup -o pids cgroup /tmp"]);
    expect(stderr).toContain("permission denied");
    const groups = (await sandbox.run(["sh", "-c", "grep cgroup /proc/mounts; true"])).stdout.trim().split("\n");
    // A Sentry of 2022 forgets that its view was made read-only; init owns what lies there, and writing is tried below.
    for (const line of groups.filter((text) => text !== ""))
      expect(line).toMatch(/ cgroup2 ro,| \/proc\/cgroups tmpfs | \/sys\/fs\/cgroup tmpfs r[ow],/);
    const raise =
      "for file in /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max /proc/cgroups; do echo 1000 2>/dev/null > $file && echo wrote; done; true";
    expect((await sandbox.run(["sh", "-c", raise])).stdout).toBe("");
    expect((await sandbox.run(["sh", "-c", "mount -t cgroup2 cgroup /tmp"])).stderr).toContain("permission denied");
    expect(await sandbox.stats()).toMatchObject({ pids: null, pidsExceeded: null });
  });

  test("what shows of the system call filter inside", async () => {
    const { stdout } = await run(["sh", "-c", "grep Seccomp: /proc/self/status; unshare -U true || echo refused"], {
      level,
    });
    expect(stdout).toBe("Seccomp:\t2\nrefused\n");
  });

  test("memory that is used up ends it, and it is said", async () => {
    const result = await run(["sh", "-c", "a=x; while :; do a=$a$a; done"], {
      level,
      resources: { memory: "32MiB", time: "20s" },
    });
    expect(result.exitCode).not.toBe(0);
    expect(result.oomKilled || result.stderr !== "").toBe(true);
  });

  test("unsupported features are refused with a code, and nothing starts", async () => {
    await expect(run(["true"], { level, tcp: { bind: [8080] } })).rejects.toMatchObject({ code: "REQUIREMENT_UNMET" });
    await using directory = await TemporaryDirectory.create("gvisor-snapshot");
    await using sandbox = await Sandbox.create({ level });
    const unsupported = { code: "SNAPSHOT_UNSUPPORTED", operation: "level gvisor" };
    await expect(sandbox.snapshot(directory.join("copy"))).rejects.toMatchObject(unsupported);
    await expect(sandbox.fork(2)).rejects.toMatchObject(unsupported);
    expect(await readdir(directory.path)).toEqual([]);
    expect((await sandbox.run(["echo", "on"])).stdout).toBe("on\n");
  });

  test("it can be paused and resumed", async () => {
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
    expect([of("landlock"), of("apparmor")]).toEqual(["cannot", "cannot"]);
    expect(counted).toContain(of("cgroup.pids"));
    const { init } = await sandbox.evidence();
    expect(init).toMatchObject({ noNewPrivs: true, seccomp: 2 });
    expect(init.uid[0]).toBeGreaterThanOrEqual(0x7000_0000);
  });

  test("the doctor says how to get a newer one where there is need", async () => {
    const { report, levels, advice } = await examineHost(await reportHost({ tryLevels: true }));
    expect(levels.find((one) => one.level === level)).toMatchObject({
      available: true,
      by: expect.stringMatching(/^runsc .*, platform (systrap|ptrace|kvm)$/),
    });
    const newer = advice.filter(({ what }) => what.includes("runsc"));
    expect(newer.length).toBe(report.counting === "cgroup2" ? 0 : 1);
    for (const { remedy } of newer) expect(remedy).toContain("./bulkhead setup gvisor");
  });

  test("trust and a least level choose it", async () => {
    expect((await run(["true"], { trust: "third-party" })).level).toBe("gvisor");
    expect((await run(["true"], { level: { min: "gvisor" } })).level).toBe("gvisor");
  });
}

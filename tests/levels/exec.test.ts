import { run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { insideIds } from "../support/ids.js";
import { inside, printed, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";

await forEachLevel((level) => {
  test("arguments arrive byte by byte", async () => {
    const arguments_ = [
      "",
      " ",
      "a b",
      '"',
      "'",
      "\\",
      "$HOME",
      "*",
      "\n",
      "\t\u0001",
      "äöü€😀",
      "-n",
      "x".repeat(100_000),
    ];
    const { stdout } = await run(["sh", "-c", 'for one in "$@"; do printf "%s\\0" "$one"; done', "sh", ...arguments_], {
      level,
    });
    expect(stdout.split("\0").slice(0, -1)).toEqual(arguments_);
  });

  test("the environment is exactly what was given, and nothing of the host's", async () => {
    process.env["BULKHEAD_CANARY_OUTSIDE"] = "leaked";
    try {
      const { stdout } = await run(["/bin/busybox", "env"], { level, env: { ONE: "1", TWO: "with = and\nnewline" } });
      expect(stdout).not.toContain("BULKHEAD_CANARY_OUTSIDE");
      expect(stdout).toContain("ONE=1\n");
      expect(stdout).toContain("TWO=with = and\nnewline\n");
      const names = stdout
        .split("\n")
        .filter((line) => line.includes("="))
        .map((line) => line.slice(0, line.indexOf("=")));
      for (const name of names)
        expect([
          "ONE",
          "TWO",
          "PATH",
          "HOME",
          "USER",
          "LOGNAME",
          "LANG",
          "TERM",
          "SHELL",
          "HOSTNAME",
          "TMPDIR",
          "PWD",
        ]).toContain(name);
    } finally {
      delete process.env["BULKHEAD_CANARY_OUTSIDE"];
    }
  });

  test("one exec adds to the environment and removes from it", async () => {
    await using sandbox = await Sandbox.create({ level, env: { KEEP: "1", DROP: "1" } });
    const { stdout } = await inside(sandbox, ["env"], { env: { DROP: undefined, MORE: "2" } });
    expect(stdout).toMatch(/^KEEP=1$/m);
    expect(stdout).toMatch(/^MORE=2$/m);
    expect(stdout).not.toMatch(/^DROP=/m);
  });

  test("the working directory is the policy's, or the exec's", async () => {
    await using sandbox = await Sandbox.create({ level, workdir: "/work" });
    expect((await inside(sandbox, ["pwd"])).stdout).toBe("/work\n");
    expect((await inside(sandbox, ["pwd"], { cwd: "/tmp" })).stdout).toBe("/tmp\n");
  });

  test("a working directory that is not there is said to be the cause", async () => {
    await using sandbox = await Sandbox.create({ level });
    await expect(inside(sandbox, ["true"], { cwd: "/nowhere" })).rejects.toMatchObject({ code: "CWD_UNAVAILABLE" });
    await expect(inside(sandbox, ["true"], { cwd: "/bin/busybox" })).rejects.toMatchObject({ code: "CWD_UNAVAILABLE" });
    expect((await inside(sandbox, ["true"])).exitCode).toBe(0);
  });

  test.each([0, 1, 2, 42, 126, 127, 128, 255])("exit code %i", async (code) => {
    const result = await run(["sh", "-c", `exit ${code}`], { level });
    expect(result).toMatchObject({ exitCode: code, signal: null });
  });

  test.each(["TERM", "KILL", "SEGV", "USR1"])("ended by SIG%s", async (name) => {
    const result = await run(["sh", "-c", `kill -${name} $$; sleep 10`], { level });
    expect(result).toMatchObject({ exitCode: null, signal: `SIG${name}` });
  });

  test("a program that is not there is 127, not an exception", async () => {
    const result = await run(["no-such-program"], { level });
    expect(result.exitCode).toBe(127);
    expect(result).toMatchObject({ error: { code: "EXEC_NOT_FOUND" } });
    expect((await run(["/no/such/program"], { level })).exitCode).toBe(127);
  });

  test("a file that is no program is 126", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.files.write("/work/data", "just text", { mode: 0o644 });
    await expect(inside(sandbox, ["/work/data"])).rejects.toMatchObject({ code: "EXEC_NOT_EXECUTABLE" });
    await expect(inside(sandbox, ["/tmp"])).rejects.toMatchObject({ code: "EXEC_NOT_EXECUTABLE" });
    expect((await run(["/etc/passwd"], { level })).exitCode).toBe(126);
  });

  test("programs are looked up in the given PATH, not the host's", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.files.write("/work/mine", "#!/bin/sh\necho mine\n", { mode: 0o755 });
    await expect(inside(sandbox, ["mine"])).rejects.toMatchObject({ code: "EXEC_NOT_FOUND" });
    expect((await inside(sandbox, ["mine"], { env: { PATH: "/nowhere:/work:/bin" } })).stdout).toBe("mine\n");
  });

  test("the workload is never process 1, and cannot see another's", async () => {
    const pids = (await printed("echo $$; ls /proc | grep -c '^[0-9]'", { level })).trim().split("\n").map(Number);
    expect(pids[0]).toBeGreaterThan(1);
    expect(pids[1]).toBeLessThan(8);
  });

  test("the user is 1000, in no other group", async () => {
    expect(insideIds(level, await printed("id -u; id -g; id -G", { level }))).toEqual([1000, 1000, 1000]);
  });

  test.skipIf(level === "chroot")(
    "and has a name (at chroot its number is the host's, which no passwd knows)",
    async () => {
      expect(await printed("id -un", { level })).toBe("sandbox\n");
    },
  );

  test("another user by policy", async () => {
    const ids = await printed("id -u; id -g; id -G", { level, user: "1234:2345" });
    expect(insideIds(level, ids)).toEqual([1234, 2345, 2345]);
  });

  test("a background process continues after its parent, and delays nothing", async () => {
    await using sandbox = await Sandbox.create({ level });
    const started = Date.now();
    await shell(sandbox, "(sleep 3; echo done > /work/late) & echo started");
    expect(Date.now() - started).toBeLessThan(2900);
    await expect.poll(() => sandbox.files.readText("/work/late").catch(() => ""), { timeout: 20_000 }).toBe("done\n");
  });

  test("twenty at once do not mix", async () => {
    await using sandbox = await Sandbox.create({ level });
    const all = await Promise.all(Array.from({ length: 20 }, (_, index) => inside(sandbox, ["echo", String(index)])));
    expect(all.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });
});

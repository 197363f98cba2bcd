import { readFileSync } from "node:fs";
import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { ms } from "../support/time.js";
import { Arena } from "./support/arena.js";

/** The files API acts for the caller on paths that the workload controls: the classic place to be led astray. */
await forEachLevel((level) => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.create();
  });
  afterAll(async () => await arena[Symbol.asyncDispose]());

  const hostPasswd = readFileSync("/etc/passwd", "utf8");

  test("a link to a host path is a path inside [hostile root file system]", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(
      sandbox,
      `ln -s /etc/passwd passwd; ln -s ${arena.secret} secret; ln -s / root; ln -s ../../../../../../.. up`,
    );
    expect(await sandbox.files.readText("/work/passwd")).not.toBe(hostPasswd);
    for (const path of ["/work/secret", `/work/root${arena.secret}`, `/work/up${arena.secret}`, arena.secret]) {
      await expect(sandbox.files.read(path), path).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
      await expect(sandbox.files.write(path, "changed"), path).rejects.toMatchObject({
        code: expect.stringMatching(/^FILE_/),
      });
    }
    arena.assertIntact();
  });

  test("through /proc of init, which no other process may enter [init out of reach]", async () => {
    await using sandbox = await Sandbox.create({ level });
    for (const path of [
      `/proc/1/root${arena.secret}`,
      "/proc/1/environ",
      "/proc/1/mem",
      "/proc/1/fd/0",
      "/proc/self/fd/3",
    ]) {
      await expect(sandbox.files.read(path), path).rejects.toMatchObject({ code: expect.stringMatching(/^FILE_/) });
    }
    await expect(sandbox.files.write("/proc/1/exe", "changed")).rejects.toMatchObject({
      code: expect.stringMatching(/^FILE_/),
    });
    arena.assertIntact();
  });

  test("a directory and a link change places while files are written, read and removed [hostile root file system]", async () => {
    await using sandbox = await Sandbox.create({ level, files: [{ host: arena.readOnly, at: "/ro" }] });
    const { files } = sandbox;
    await shell(sandbox, "mkdir real; echo inside > real/file; ln -s /ro link; cp -r real target");
    const swapping = await sandbox.exec(
      ["sh", "-c", "while :; do mv target t1; ln -s /ro target; rm target; mv t1 target; done"],
      { buffer: true },
    );
    const end = Date.now() + ms(1500);
    while (Date.now() < end) {
      await Promise.allSettled([
        files.write("/work/target/file", "written"),
        files.read("/work/target/file"),
        files.list("/work/target"),
        files.rename("/work/target/file", "/work/target/other"),
        files.remove("/work/target/sub", { recursive: true }),
        files.mkdir("/work/target/sub", { recursive: true }),
      ]);
    }
    swapping.kill("SIGKILL");
    await swapping.result;
    arena.assertIntact();
  });

  test("removing recursively never follows a link out of the tree [hostile root file system]", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(
      sandbox,
      "mkdir -p keep tree/sub; echo kept > keep/file; ln -s /work/keep tree/link; ln -s ../../keep tree/sub/up",
    );
    await sandbox.files.remove("/work/tree", { recursive: true });
    expect(await sandbox.files.readText("/work/keep/file")).toBe("kept\n");
  });

  test("what blocks only blocks itself [hostile root file system]", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(sandbox, "mkfifo fifo; ln -s fifo link");
    const started = Date.now();
    for (const path of ["/work/fifo", "/work/link", "/dev/stdin", "/proc/self/fd/0", "/dev/ptmx"]) {
      await sandbox.files.read(path).catch((error: { code: string }) => expect(error.code).toMatch(/^FILE_/));
      await sandbox.files.write(path, "x").catch((error: { code: string }) => expect(error.code).toMatch(/^FILE_/));
    }
    expect(Date.now() - started).toBeLessThan(ms(3000));
  });

  test("hostile names come back as they are, and never as more than one", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(sandbox, `touch "$(printf '{"name":"x"}\\n{"name":"y"}')" "$(printf '\\033[2J')" "$(printf '\\\\"')"`);
    const names = (await sandbox.files.list("/work")).map(({ name }) => name).sort();
    expect(names).toEqual(["\u001b[2J", '\\"', '{"name":"x"}\n{"name":"y"}'].sort());
  });

  test("paths that are no paths are refused", async () => {
    await using sandbox = await Sandbox.create({ level });
    for (const path of ["", "relative", "/a\0b", `/${"x".repeat(5000)}`]) {
      await expect(sandbox.files.read(path), JSON.stringify(path)).rejects.toHaveProperty("code");
    }
    expect((await shell(sandbox, "echo alive")).stdout).toBe("alive\n");
  });
});

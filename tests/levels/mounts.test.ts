import { chmod, chown, lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { BulkheadError, run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { insideIds } from "../support/ids.js";
import { printed, shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const IS_ROOT = process.getuid?.() === 0;
/** Who owns a directory on disk that a sandbox of this caller may write. */
const OWNER = IS_ROOT ? 4321 : (process.getuid?.() ?? 0);

await forEachLevel((level) => {
  test("the root is read-only, /work and /tmp are not", async () => {
    const script =
      "touch /x /bin/x /etc/x 2>/dev/null && echo bad; touch /work/x /tmp/x && echo good; ls -ld /tmp | cut -c1-10";
    expect(await printed(`${script}; true`, { level })).toBe("good\ndrwxrwxrwt\n");
  });

  test("a writable root is written in memory only", async () => {
    await using sandbox = await Sandbox.create({
      level,
      writable: true,
      user: level === "chroot" ? "1000:1000" : "0:0",
    });
    await shell(sandbox, "echo changed > /etc/changed");
    await using other = await Sandbox.create({ level, writable: true });
    expect((await shell(other, "ls /etc")).stdout).not.toContain("changed");
  });

  test("a host directory read-only", async () => {
    await using directory = await TemporaryDirectory.create("ro", 0o755);
    await writeFile(directory.join("file"), "from the host");
    await chmod(directory.join("file"), 0o666);
    const policy = { level, files: [{ host: directory.path, at: "/data" }] };
    expect(await printed("cat /data/file; echo x > /data/file 2>/dev/null || echo refused", policy)).toBe(
      "from the hostrefused\n",
    );
    expect(await readFile(directory.join("file"), "utf8")).toBe("from the host");
  });

  test("a single host file", async () => {
    await using directory = await TemporaryDirectory.create("file", 0o755);
    await writeFile(directory.join("input"), "one file", { mode: 0o644 });
    expect(await printed("cat /data/in", { level, files: [{ host: directory.join("input"), at: "/data/in" }] })).toBe(
      "one file",
    );
  });

  test("what is written to a host directory belongs to its owner there", async (context) => {
    await using directory = await TemporaryDirectory.create("rw", 0o755);
    await mkdir(directory.join("out"));
    await writeFile(directory.join("out/theirs"), "mine", { mode: 0o644 });
    if (IS_ROOT) for (const path of ["out", "out/theirs"]) await chown(directory.join(path), OWNER, OWNER);
    const policy = { level, files: [{ host: directory.join("out"), at: "/out", mode: "rw" as const }] };
    try {
      const script =
        "id -u; stat -c %u /out /out/theirs; echo +more >> /out/theirs; mkdir /out/dir; echo made > /out/dir/new; stat -c %u /out/dir/new";
      expect(insideIds(level, await printed(script, policy))).toEqual([1000, 1000, 1000, 1000]);
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "MOUNT_IDMAP_UNSUPPORTED") context.skip(error.message);
      throw error;
    }
    expect(await readFile(directory.join("out/theirs"), "utf8")).toBe("mine+more\n");
    for (const path of ["out/dir", "out/dir/new"]) expect((await lstat(directory.join(path))).uid, path).toBe(OWNER);
  });

  test("what is made, changed, removed, renamed and linked in a host directory is so on the host", async (context) => {
    await using directory = await TemporaryDirectory.create("rw", 0o755);
    await mkdir(directory.join("out/old/deep"), { recursive: true });
    for (const name of ["kept", "changed", "gone", "moved", "old/deep/file"]) {
      await writeFile(directory.join(`out/${name}`), name, { mode: 0o644 });
    }
    if (IS_ROOT) {
      const all = ["", "/old", "/old/deep", "/old/deep/file", "/kept", "/changed", "/gone", "/moved"];
      for (const path of all) await chown(directory.join(`out${path}`), OWNER, OWNER);
    }
    const { ino } = await lstat(directory.join("out/kept"));
    const script =
      "cd /out; echo -n ! >> changed; chmod 750 changed; rm gone; mv moved renamed; rm -r old; ln -s /etc/shadow link; " +
      "mkdir -p new/dir; chmod 700 new; for i in $(seq 300); do echo $i > new/dir/$i; done; head -c 200000 /dev/zero > zeros";
    const policy = { level, files: [{ host: directory.join("out"), at: "/out", mode: "rw" as const }] };
    try {
      expect((await run(["sh", "-c", script], policy)).exitCode).toBe(0);
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "MOUNT_IDMAP_UNSUPPORTED") context.skip(error.message);
      throw error;
    }
    const names = await readdir(directory.join("out"));
    expect(names.sort()).toEqual(["changed", "kept", "link", "new", "renamed", "zeros"]);
    expect((await lstat(directory.join("out/kept"))).ino, "what was not touched is the same file").toBe(ino);
    expect(await readFile(directory.join("out/changed"), "utf8")).toBe("changed!");
    expect((await lstat(directory.join("out/changed"))).mode & 0o7777).toBe(0o750);
    expect((await lstat(directory.join("out/new"))).mode & 0o7777).toBe(0o700);
    expect(await readFile(directory.join("out/renamed"), "utf8")).toBe("moved");
    expect(await readlink(directory.join("out/link"))).toBe("/etc/shadow");
    expect((await readdir(directory.join("out/new/dir"))).length).toBe(300);
    expect(await readFile(directory.join("out/new/dir/300"), "utf8")).toBe("300\n");
    expect((await readFile(directory.join("out/zeros"))).equals(Buffer.alloc(200_000))).toBe(true);
    for (const path of names) expect((await lstat(directory.join(`out/${path}`))).uid, path).toBe(OWNER);
  });

  test.runIf(IS_ROOT)("a directory of root's is never mounted writable, and the error says what to do", async () => {
    await using directory = await TemporaryDirectory.create("root", 0o777);
    const refused = run(["true"], { level, files: [{ host: directory.path, at: "/out", mode: "rw" }] });
    await expect(refused).rejects.toMatchObject({ code: "MOUNT_OWNER_ROOT", remedy: expect.stringContaining("chown") });
  });

  test("exec: false mounts it noexec", async () => {
    await using directory = await TemporaryDirectory.create("noexec", 0o755);
    await writeFile(directory.join("program"), "#!/bin/sh\necho ran\n");
    await chmod(directory.join("program"), 0o755);
    const entry = { host: directory.path, at: "/data" };
    expect((await run(["/data/program"], { level, files: [entry] })).stdout).toBe("ran\n");
    expect((await run(["/data/program"], { level, files: [{ ...entry, exec: false }] })).exitCode).toBe(126);
  });

  test("a tmpfs of a size of its own", async () => {
    const script = "df -k /scratch | tail -1; touch /scratch/x && echo written";
    const out = await printed(script, { level, files: [{ tmpfs: "/scratch", size: "2MiB" }] });
    expect(out).toMatch(/\s2048\s/);
    expect(out).toContain("written");
  });

  test("mounts in mounts, in the order of the policy", async () => {
    await using directory = await TemporaryDirectory.create("nested", 0o755);
    await mkdir(directory.join("inner"));
    await writeFile(directory.join("inner/hidden"), "hidden");
    const files = [
      { host: directory.path, at: "/data" },
      { tmpfs: "/data/inner", size: "1MiB" },
    ];
    expect(await printed("ls /data/inner; touch /data/inner/x && ls /data/inner", { level, files })).toBe("x\n");
  });

  test("a directory as root, never written", async () => {
    await using directory = await TemporaryDirectory.create("root", 0o755);
    for (const name of ["bin", "proc", "dev", "sys", "tmp", "work", "etc"]) await mkdir(directory.join(name));
    const busybox = await printed("cat /bin/busybox | wc -c", { level });
    expect(Number(busybox)).toBeGreaterThan(100_000);
    const base = new URL("../../packages/bulkhead/assets/base/bin/busybox", import.meta.url);
    await writeFile(directory.join("bin/busybox"), await readFile(base));
    await chmod(directory.join("bin/busybox"), 0o755);
    const result = await run(["/bin/busybox", "ls", "/"], { level, root: directory.path });
    expect(result.stdout.trim().split("\n")).toEqual(expect.arrayContaining(["bin", "proc", "work"]));
  });

  test.runIf(IS_ROOT)("a root written in memory has the mode of its directory, with the sticky bit", async () => {
    await using directory = await TemporaryDirectory.create("sticky", 0o755);
    for (const name of ["bin", "proc", "dev", "sys", "tmp", "work", "etc"]) await mkdir(directory.join(name));
    const base = new URL("../../packages/bulkhead/assets/base/bin/busybox", import.meta.url);
    await writeFile(directory.join("bin/busybox"), await readFile(base));
    await chmod(directory.join("bin/busybox"), 0o755);
    for (const mode of ["1777", "751"]) {
      await chmod(directory.path, Number.parseInt(mode, 8));
      const policy = { level, root: directory.path, writable: true };
      expect((await run(["/bin/busybox", "stat", "-c", "%a", "/"], policy)).stdout).toBe(`${mode}\n`);
    }
  });

  test("a writable host directory has its mode, with the sticky bit, also where the workload has a copy", async (context) => {
    await using directory = await TemporaryDirectory.create("sticky", 0o755);
    await mkdir(directory.join("out"));
    if (IS_ROOT) await chown(directory.join("out"), OWNER, OWNER);
    await chmod(directory.join("out"), 0o1777);
    const policy = { level, files: [{ host: directory.join("out"), at: "/out", mode: "rw" as const }] };
    try {
      expect(await printed("stat -c %a /out", policy)).toBe("1777\n");
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "MOUNT_IDMAP_UNSUPPORTED") context.skip(error.message);
      throw error;
    }
  });

  test("a source that is not there is refused by its name", async () => {
    const refused = run(["true"], { level, files: [{ host: "/no/such/directory", at: "/data" }] });
    await expect(refused).rejects.toBeInstanceOf(BulkheadError);
    await expect(refused).rejects.toMatchObject({ path: expect.stringContaining("/no/such/directory") });
  });

  test("the minimal /dev works", async () => {
    const script =
      "head -c4 /dev/zero | wc -c; head -c4 /dev/urandom | wc -c; echo x > /dev/null; echo x > /dev/full || echo full; " +
      "ls /dev/fd/ | head -1; touch /dev/shm/x && echo shm";
    expect(await printed(script, { level })).toBe("4\n4\nfull\n0\nshm\n");
  });

  test("what /dev/stdout and /dev/stderr name can be opened again", async () => {
    expect(await printed("echo out > /dev/stdout; echo error > /dev/stderr", { level })).toBe("out\n");
  });

  test("/proc is the sandbox's own, and cannot be written", async () => {
    expect(
      await printed("readlink /proc/self/cwd; echo x > /proc/self/comm 2>/dev/null || echo refused", { level }),
    ).toBe("/work\nrefused\n");
  });

  test("programs can count processors", async () => {
    expect(Number(await printed("nproc", { level }))).toBeGreaterThan(0);
  });
});

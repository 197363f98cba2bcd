import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Sandbox } from "bulkhead";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

await forEachLevel((level) => {
  let sandbox: Sandbox;
  let host: TemporaryDirectory;
  const at = (...names: string[]) => join(host.path, ...names);
  const sh = async (script: string) => await sandbox.run(["sh", "-c", script]);

  beforeAll(async () => {
    sandbox = await Sandbox.create({ level });
  });
  afterAll(async () => await sandbox.close());
  beforeEach(async () => {
    host = await TemporaryDirectory.create("copy");
    await sh("chmod -R u+w /tmp; rm -rf /tmp/* /tmp/.[!.]*");
  });
  afterEach(async () => await host[Symbol.asyncDispose]());

  describe("copyIn", () => {
    it("takes a directory with all that is in it, but links and what is no file", async () => {
      await mkdir(at("from", "a", "b"), { recursive: true });
      await writeFile(at("from", "a", "b", "deep.txt"), "deep", { mode: 0o640 });
      await writeFile(at("from", "run.sh"), "#!/bin/sh\necho ran", { mode: 0o755 });
      await symlink("/etc/passwd", at("from", "link"));
      await symlink("/etc", at("from", "a", "directory-link"));
      execFileSync("mkfifo", [at("from", "fifo")]);
      const copied = await sandbox.files.copyIn(at("from"), "/tmp/to");
      expect(copied).toMatchObject({ files: 2, directories: 2, bytes: 4 + 18, leftMore: 0 });
      expect([...copied.left].sort((one, other) => one.path.localeCompare(other.path))).toEqual([
        { path: "a/directory-link", why: "link" },
        { path: "fifo", why: "kind" },
        { path: "link", why: "link" },
      ]);
      expect(await sandbox.files.readText("/tmp/to/a/b/deep.txt")).toBe("deep");
      expect((await sh("/tmp/to/run.sh; stat -c %a /tmp/to/a/b/deep.txt; find /tmp | sort")).stdout).toBe(
        "ran\n640\n/tmp\n/tmp/to\n/tmp/to/a\n/tmp/to/a/b\n/tmp/to/a/b/deep.txt\n/tmp/to/run.sh\n",
      );
    });

    it("adds to a directory that is there, and replaces files and links, not what they lead to", async () => {
      await sh("mkdir -p /tmp/to/sub; echo kept >/tmp/to/kept; echo safe >/tmp/safe; ln -s /tmp/safe /tmp/to/a.txt");
      await mkdir(at("from", "sub"), { recursive: true });
      await writeFile(at("from", "a.txt"), "new");
      await sandbox.files.copyIn(at("from"), "/tmp/to/");
      expect((await sh("cat /tmp/safe /tmp/to/kept /tmp/to/a.txt; ls -A /tmp/to")).stdout).toBe(
        "safe\nkept\nnewa.txt\nkept\nsub\n",
      );
    });

    it("takes a single file", async () => {
      await writeFile(at("one"), "one");
      expect(await sandbox.files.copyIn(at("one"), "/tmp/two")).toMatchObject({ files: 1, bytes: 3 });
      expect(await sandbox.files.readText("/tmp/two")).toBe("one");
    });

    it("leaves nothing half written", async () => {
      await mkdir(at("from"));
      await writeFile(at("from", "large"), Buffer.alloc(2_000_000));
      const failed = sandbox.files.copyIn(at("from"), "/tmp/to", { maxBytes: 1_000_000 });
      await expect(failed).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
      expect((await sh("ls -A /tmp/to")).stdout).toBe("");
    });

    it("is bounded in number", async () => {
      await mkdir(at("from"));
      for (let count = 0; count < 11; count++) await writeFile(at("from", `f${count}`), "");
      const failed = sandbox.files.copyIn(at("from"), "/tmp/to", { maxEntries: 10 });
      await expect(failed).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    });

    it.each(["missing", "link", "fifo"])("refuses what is no file or directory: %s", async (name) => {
      await symlink("/etc", at("link"));
      execFileSync("mkfifo", [at("fifo")]);
      await expect(sandbox.files.copyIn(at(name), "/tmp/to")).rejects.toMatchObject({
        code: "COPY_FAILED",
        path: at(name),
      });
    });

    it("cannot write where the sandbox's user may not", async () => {
      await writeFile(at("one"), "one");
      await expect(sandbox.files.copyIn(at("one"), "/etc/one")).rejects.toMatchObject({ code: /^FILE_/ });
    });
  });

  describe("copyOut", () => {
    it("takes a directory with all that is in it, but links and what is no file", async () => {
      await sh(
        "mkdir -p /tmp/out/a/b; cd /tmp/out; echo deep >a/b/deep.txt; chmod 640 a/b/deep.txt; touch -d '2001-02-03 04:05:06' a/b/deep.txt;" +
          "ln -s /etc/passwd link; ln -s / a/root; mkfifo fifo; echo x >set; chmod 4755 set; chmod 555 a/b",
      );
      const copied = await sandbox.files.copyOut("/tmp/out", at("out"));
      expect(copied).toMatchObject({ files: 2, directories: 3, bytes: 5 + 2, leftMore: 0 });
      expect([...copied.left].sort((one, other) => one.path.localeCompare(other.path))).toEqual([
        { path: "a/root", why: "link" },
        { path: "fifo", why: "kind" },
        { path: "link", why: "link" },
      ]);
      expect((await readdir(at("out"), { recursive: true })).sort()).toEqual(["a", "a/b", "a/b/deep.txt", "set"]);
      const { mode, mtimeMs, uid } = await stat(at("out", "a", "b", "deep.txt"));
      expect([mode & 0o7777, new Date(mtimeMs).getUTCFullYear(), uid]).toEqual([0o640, 2001, process.getuid?.()]);
      expect((await stat(at("out", "set"))).mode & 0o7777).toBe(0o755);
    });

    it("writes nothing outside of its target, through any link", async () => {
      await mkdir(at("elsewhere"));
      await mkdir(at("out"));
      await symlink(at("elsewhere"), at("out", "sub"));
      await writeFile(at("victim"), "safe");
      await symlink(at("victim"), at("out", "file"));
      await sh("mkdir -p /tmp/out/sub; echo hostile >/tmp/out/sub/x; echo hostile >/tmp/out/file");
      await expect(sandbox.files.copyOut("/tmp/out", at("out"))).rejects.toMatchObject({ code: "COPY_FAILED" });
      expect(await readdir(at("elsewhere"))).toEqual([]);
      expect(await readFile(at("victim"), "utf8")).toBe("safe");
      expect(await readlink(at("out", "sub"))).toBe(at("elsewhere"));
      await symlink(at("elsewhere"), at("to"));
      await expect(sandbox.files.copyOut("/tmp/out", at("to"))).rejects.toMatchObject({ code: "COPY_FAILED" });
      expect(await readdir(at("elsewhere"))).toEqual([]);
    });

    it("leaves nothing when it is too much, in bytes or in number", async () => {
      await sh("mkdir /tmp/out; cd /tmp/out; head -c 2000000 /dev/zero >large; touch a b c");
      for (const bounds of [{ maxBytes: 1_000_000 }, { maxEntries: 3 }]) {
        const failed = sandbox.files.copyOut("/tmp/out", at("out"), bounds);
        await expect(failed).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
        expect(await readdir(host.path)).toEqual([]);
      }
    });

    it("takes a single file in the place of another one", async () => {
      await sh("echo new >/tmp/one");
      await writeFile(at("two"), "old and longer");
      expect(await sandbox.files.copyOut("/tmp/one", at("two"))).toMatchObject({ files: 1, bytes: 4 });
      expect(await readFile(at("two"), "utf8")).toBe("new\n");
      expect(await readdir(host.path)).toEqual(["two"]);
    });

    it.each([
      ["/tmp/missing", "FILE_NOT_FOUND"],
      ["/tmp/link", "FILE_NOT_REGULAR"],
      ["/dev/null", "FILE_NOT_REGULAR"],
    ])("refuses %s", async (path, code) => {
      await sh("ln -s /etc /tmp/link");
      await expect(sandbox.files.copyOut(path, at("to"))).rejects.toMatchObject({ code });
      expect(await readdir(host.path)).toEqual([]);
    });
  });

  describe("list and glob", () => {
    beforeEach(async () => {
      await sh(
        "cd /tmp; mkdir -p a/b .hidden; touch a/x.c a/b/y.h a/b/z.txt .hidden/w.c top.c; ln -s /etc a/etc; ln -s .. a/b/up",
      );
    });

    it("lists what is below, and follows no link", async () => {
      const entries = await sandbox.files.list("/tmp", { recursive: true });
      const shown = entries.map(({ path, type }) => `${path} ${type}`).sort();
      expect(shown).toEqual(
        [".hidden directory", ".hidden/w.c file", "a directory", "a/b directory", "a/b/up symlink", "a/b/y.h file"]
          .concat(["a/b/z.txt file", "a/etc symlink", "a/x.c file", "top.c file"])
          .sort(),
      );
      expect((await sandbox.files.list("/tmp")).map(({ path }) => path).sort()).toEqual([".hidden", "a", "top.c"]);
    });

    it("is bounded in number and in depth", async () => {
      const many = sandbox.files.list("/tmp", { recursive: true, maxEntries: 5 });
      await expect(many).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
      await sh("cd /tmp; i=0; while [ $i -lt 70 ]; do mkdir d; cd d; i=$((i+1)); done");
      await expect(sandbox.files.list("/tmp", { recursive: true })).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    });

    it.each([
      ["**/*.{c,h}", { cwd: "/tmp" }, ["/tmp/a/b/y.h", "/tmp/a/x.c", "/tmp/top.c"]],
      ["/tmp/*", {}, ["/tmp/a", "/tmp/top.c"]],
      ["**/*.c", { cwd: "/tmp", dot: true }, ["/tmp/.hidden/w.c", "/tmp/a/x.c", "/tmp/top.c"]],
      ["/tmp/a/b/y.h", {}, ["/tmp/a/b/y.h"]],
      ["/tmp/missing/*", {}, []],
      ["/ro?t/*", {}, []],
    ])("finds %s", async (pattern, options, found) => {
      expect(await sandbox.files.glob(pattern, options)).toEqual(found);
    });
  });
});

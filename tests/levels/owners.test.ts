import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { run } from "bulkhead";
import { expect, test } from "vitest";
import { printed } from "../support/inside.js";
import { exceptAt, forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const IS_ROOT = process.getuid?.() === 0;
const OTHER = 4321;
const NAMES = "stat -c %U:%G /data /data/dir /data/dir/file";

/** A directory, open to all, with one file, of this owner. */
async function tree(uid: number, mode = 0o644): Promise<TemporaryDirectory> {
  const directory = await TemporaryDirectory.create("owners", 0o755);
  await mkdir(directory.join("dir"));
  await writeFile(directory.join("dir/file"), "read me", { mode });
  if (IS_ROOT) for (const path of ["", "dir", "dir/file"]) await chown(directory.join(path), uid, uid);
  return directory;
}

await forEachLevel((level) => {
  test.each(IS_ROOT ? [0, OTHER] : [process.getuid?.() ?? 0])(
    "a read-only directory of uid %i belongs to the user",
    async (uid) => {
      await using directory = await tree(uid);
      const mounted = { level, files: [{ host: directory.path, at: "/data" }] };
      const own = "sandbox:sandbox\n".repeat(3);
      expect(await printed(NAMES, mounted)).toBe(own);
      expect(await printed(NAMES, { ...mounted, user: "4242:4242" })).toBe(own.replaceAll("sandbox", "user4242"));
      // Its owner may read what is closed to others, and still write nothing.
      await chmod(directory.join("dir/file"), 0o600);
      expect(
        await printed("cat /data/dir/file; chmod 644 /data/dir/file 2>/dev/null || echo ' refused'", mounted),
      ).toBe("read me refused\n");
    },
  );

  test.runIf(IS_ROOT)("a single file belongs to the user", async () => {
    await using directory = await tree(OTHER, 0o600);
    const files = [{ host: directory.join("dir/file"), at: "/data/in" }];
    expect(await printed("stat -c %U /data/in; cat /data/in", { level, files })).toBe("sandbox\nread me");
  });

  test.runIf(IS_ROOT)("/etc shows what everybody may see, and nothing of root's", async () => {
    const script =
      "stat -c %u /data/passwd; cat /data/shadow 2>&1 | head -c 6; ls /data/ssl/private 2>&1 | head -c 3; true";
    const text = await printed(script, { level, files: [{ host: "/etc", at: "/data" }] });
    expect(text).not.toMatch(/^1000$/m);
    expect(text).not.toContain("root:");
  });
});

await exceptAt({ microvm: "root: host is not for virtual machines" })((level) => {
  test("git reads a repository that is mounted read-only", async () => {
    await using directory = await TemporaryDirectory.create("git", 0o755);
    const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: directory.path, stdio: "pipe" });
    git("init", "-q");
    git(
      "-c",
      "user.name=tests",
      "-c",
      "user.email=tests@example.org",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "the one",
    );
    const policy = { level, root: "host", files: [{ host: directory.path, at: "/repository" }] };
    const result = await run(["git", "-C", "/repository", "log", "--format=%s"], policy);
    expect(result.stdout, result.stderr).toBe("the one\n");
  });
});

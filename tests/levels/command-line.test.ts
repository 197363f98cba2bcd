/** `bulkhead run` as it is built: what it ends with, and what it says of that. */

import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const bundle = fileURLToPath(new URL("../../packages/cli/dist/bulkhead.cjs", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(file: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(file, args, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const bulkhead = (...argv: readonly string[]) => execute(process.execPath, [bundle, ...argv]);
/** In a shell, where `bulkhead` is the command. */
const shell = (script: string) =>
  execute("bash", ["-c", `bulkhead() { '${process.execPath}' '${bundle}' "$@"; }\n${script}`]);

await forEachLevel((level) => {
  it("ends quietly, as from SIGPIPE, when its output is closed", async () => {
    const { stdout, stderr } = await shell(
      `bulkhead run --level ${level} -- yes | head -1; echo "\${PIPESTATUS[0]}"; bulkhead run --level ${level} -- sh -c 'yes >&2' 2>&1 >/dev/null | head -1`,
    );
    expect({ stdout, stderr }).toEqual({ stdout: "y\n141\ny\n", stderr: "" });
  });

  it("prints the code of what kept a program from starting, and none for a program's own 127", async () => {
    const missing = await bulkhead("run", "--level", level, "--", "nosuch");
    expect(missing).toMatchObject({ code: 127, stdout: "" });
    expect(missing.stderr).toMatch(/^bulkhead: EXEC_NOT_FOUND: .*"nosuch": ENOENT\)\n {2}remedy: /);
    const closed = await bulkhead("run", "--level", level, "--", "/etc/passwd");
    expect(closed.code).toBe(126);
    expect(closed.stderr).toMatch(/^bulkhead: EXEC_NOT_EXECUTABLE: /);
    expect(await bulkhead("run", "--level", level, "--", "sh", "-c", "exit 127")).toEqual({
      code: 127,
      stdout: "",
      stderr: "",
    });
  });

  it("has no number in its JSON with more than three digits after the point", async () => {
    const { stdout } = await bulkhead("run", "--level", level, "--json", "--", "true");
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0 });
    expect(stdout).not.toMatch(/"[A-Za-z]+":-?\d+\.\d{4}/);
  });

  it("says that its output cannot be written", async () => {
    const { code, stderr } = await shell(`bulkhead run --level ${level} --json -- true >/dev/full`);
    expect(code).toBe(125);
    expect(stderr).toMatch(/^bulkhead: [A-Z_]+: .*ENOSPC/);
  });
});

describe("paths that a caller names", () => {
  it("may be a root that the caller cannot look into", async () => {
    await using directory = await TemporaryDirectory.create("closed-root", 0o755);
    const asUser = (root: string) =>
      execute("setpriv", [
        "--reuid",
        "4242",
        "--regid",
        "4242",
        "--clear-groups",
        process.execPath,
        bundle,
        "explain",
        "--root",
        root,
        "--tmpfs",
        "/srv/below",
      ]);
    await mkdir(directory.join("closed/etc"), { recursive: true });
    await chmod(directory.join("closed"), 0o700);
    await mkdir(directory.join("inner/proc"), { recursive: true });
    await mkdir(directory.join("inner/srv"), { mode: 0o700 });
    for (const root of ["closed", "inner"]) {
      const { code, stderr } = await asUser(directory.join(root));
      expect({ code, stderr }).toMatchObject({
        code: 125,
        stderr: expect.stringMatching(/^bulkhead: ROOT_INVALID: .*EACCES/),
      });
    }
  });

  it("stay what they are when a record is written to a device or a pipe", async () => {
    await using directory = await TemporaryDirectory.create("record");
    execFileSync("mknod", [directory.join("null"), "c", "1", "3"]);
    execFileSync("mkfifo", [directory.join("pipe")]);
    expect(await bulkhead("run", "--record", directory.join("null"), "--", "true")).toMatchObject({ code: 0 });
    expect((await lstat(directory.join("null"))).isCharacterDevice()).toBe(true);
    const unread = await bulkhead("run", "--record", directory.join("pipe"), "--", "true");
    expect(unread).toMatchObject({ code: 125, stderr: expect.stringContaining("RECORD_NOT_WRITTEN") });
    expect((await lstat(directory.join("pipe"))).isFIFO()).toBe(true);
    const { stdout } = await shell("bulkhead run --record /dev/stdout -- echo hello | cat");
    expect(stdout).toMatch(/^hello\n\{"payloadType":/);
    await execute("ln", ["-s", "target.json", directory.join("link.json")]);
    await bulkhead("run", "--record", directory.join("target.json"), "--", "true");
    await bulkhead("run", "--record", directory.join("link.json"), "--", "true");
    expect((await lstat(directory.join("link.json"))).isSymbolicLink()).toBe(true);
    expect(await readFile(directory.join("target.json"), "utf8")).toContain("payloadType");
  });

  it("are opened before the program starts if they are logs", async () => {
    await using directory = await TemporaryDirectory.create("egress-log");
    execFileSync("mkfifo", [directory.join("pipe")]);
    for (const log of ["pipe", "missing/log", "."]) {
      const { code, stdout, stderr } = await bulkhead("run", "--egress-log", directory.join(log), "--", "echo", "ran");
      expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
      expect(stderr).toMatch(/^bulkhead: PATH_UNUSABLE: /);
    }
    expect(existsSync(directory.join("missing"))).toBe(false);
  });
});

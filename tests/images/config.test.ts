import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { explain, type Level, type Policy, run } from "bulkhead";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { LayoutWriter } from "./support/layout.js";
import { tar } from "./support/tar.js";

const base = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
const rootLayer = execFileSync("tar", ["-C", base, "--sort=name", "-c", "."], { maxBuffer: 64 << 20 });
/** What the images here have beside a shell. */
const extra = tar(
  { name: "app/", type: "5" },
  { name: "app/run.sh", mode: 0o755, data: '#!/bin/sh\necho "ran in $(pwd)"\n' },
  { name: "run.sh", mode: 0o755, data: "#!/bin/sh\necho relative\n" },
  { name: "file", data: "x" },
  { name: "out", type: "2", link: "../../../../../../etc" },
  { name: "nowhere", type: "2", link: "/no/such" },
);

let directory: TemporaryDirectory;
let count = 0;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("image-config");
  process.env["BULKHEAD_STORE"] = directory.join("store");
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await directory[Symbol.asyncDispose]();
});

async function imageWith(config: object, ...more: readonly Buffer[]): Promise<string> {
  count += 1;
  const layout = await LayoutWriter.create(directory.join(`image-${count}`));
  await layout.index(await layout.image([rootLayer, extra, ...more], { config: { config } }));
  return `oci:${layout.path}`;
}

/**
 * The account files and what every runtime writes are links, as in images that keep /etc small or were made of a
 * running system.
 */
const links = tar(
  { name: "usr/", type: "5" },
  { name: "usr/share/", type: "5" },
  { name: "usr/share/passwd", data: "root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n" },
  { name: "etc/passwd", type: "2", link: "../usr/share/passwd" },
  { name: "etc/group", type: "2", link: "/usr/share/group" },
  { name: "etc/hosts", type: "2", link: "../../run/hosts/hosts" },
  { name: "etc/hostname", type: "2", link: "/run/hosts/hosts" },
  { name: "etc/resolv.conf", type: "2", link: "/proc/self/mounts" },
  { name: "closed/", type: "5", mode: 0o700 },
  { name: "closed/file", data: "x" },
);

async function runWith(config: object, argv: readonly string[], policy: Policy) {
  return await run(argv, { ...policy, image: await imageWith(config) });
}

/** Errors about an image name it; they never tell its user to install Bulkhead anew. */
const INSTALLATION = /setup|version|reinstall|bug in Bulkhead/i;

await forEachLevel((level: Level) => {
  it.each([
    ["/app/", "/app"],
    ["app", "/app"],
    ["//app/./../app//", "/app"],
    ["/not/there/yet", "/not/there/yet"],
    ["/tmp/build", "/tmp/build"],
    ["", "/"],
    [undefined, "/"],
    ["/", "/"],
    ["/out", "/etc"],
  ])("starts in WorkingDir %j: %s", async (WorkingDir, expected) => {
    const { stdout, exitCode } = await runWith({ WorkingDir }, ["sh", "-c", "pwd -P"], { level });
    expect([exitCode, stdout.trim()]).toEqual([0, expected]);
  });

  it.each(["/file", "/nowhere"])("says of WorkingDir %s that it is no directory to start in", async (WorkingDir) => {
    const error = await runWith({ WorkingDir }, ["true"], { level }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "CWD_UNAVAILABLE", path: WorkingDir });
  });

  it.each(["/proc/self/fd/3", "/a\nb", `/${"a".repeat(300)}`])("refuses WorkingDir %j", async (WorkingDir) => {
    const error = await runWith({ WorkingDir }, ["true"], { level }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "IMAGE_INVALID", detail: expect.stringMatching(/^config\.WorkingDir/) });
  });

  it("follows links of the image at files that it reads and covers, as far as nothing else is mounted there", async () => {
    const image = await imageWith({ User: "web" }, links);
    const script = "whoami; grep -c localhost /etc/hosts; ls -l /etc/passwd; grep -c web /etc/passwd; id -gn";
    const { stdout, stderr, exitCode } = await run(["sh", "-c", script], { image, level });
    expect([stderr, exitCode]).toEqual(["", 0]);
    const [name, hosts, link, passwd, group] = stdout.split("\n");
    expect([name, hosts, passwd, group]).toEqual(["web", "2", "1", "web"]);
    expect(link).toMatch(/-> \.\.\/usr\/share\/passwd$/);
  });

  it("says how a directory that only root may enter is started in", async () => {
    const image = await imageWith({ WorkingDir: "/closed" }, links);
    const error = await run(["pwd"], { image, level }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "CWD_UNAVAILABLE", remedy: expect.stringContaining("--user 0") });
    if (level === "chroot") return; // no root without a user namespace
    expect(await run(["pwd"], { image, level, user: 0 })).toMatchObject({ stdout: "/closed\n" });
  });

  it("finds a relative entrypoint, and has a home that is writable", async () => {
    expect(await runWith({ Entrypoint: ["./run.sh"] }, [], { level })).toMatchObject({ stdout: "relative\n" });
    const script = 'cd && echo x > file && echo "$HOME"';
    expect(await runWith({}, ["sh", "-c", script], { level })).toMatchObject({ stdout: "/work\n" });
    const entry = { Entrypoint: ["./run.sh"], WorkingDir: "app/" };
    expect(await runWith(entry, [], { level })).toMatchObject({ stdout: "ran in /app\n" });
  });

  it.each(["/app/", "/app/.", "/out/../app//"])("lets the policy say %j", async (workdir) => {
    const { stdout } = await runWith({ WorkingDir: "/tmp" }, ["pwd"], { level, workdir });
    expect(stdout).toBe("/app\n");
  });

  it.each([
    [
      { Entrypoint: [""], Cmd: ["echo", "cmd"] },
      { exitCode: 0, stdout: "cmd\n" },
    ],
    [{ Entrypoint: [""] }, { code: "COMMAND_MISSING" }],
    [{}, { code: "COMMAND_MISSING" }],
    [{ Entrypoint: null, Cmd: null }, { code: "COMMAND_MISSING" }],
    [{ Cmd: [""] }, { exitCode: 127, error: { code: "EXEC_NOT_FOUND" } }],
    [{ Cmd: ["", "a"] }, { exitCode: 127, error: { code: "EXEC_NOT_FOUND" } }],
    [
      { Entrypoint: ["printf", "[%s]"], Cmd: ["", "b"] },
      { exitCode: 0, stdout: "[][b]" },
    ],
    [{ Cmd: "/app/run.sh" }, { exitCode: 0, stdout: "ran in /\n" }],
    [{ Cmd: ["/app"] }, { exitCode: 126, error: { code: "EXEC_NOT_EXECUTABLE" } }],
    [{ Cmd: ["no\nsuch\u001b[2J"] }, { exitCode: 127 }],
    [{ Cmd: 1 }, { code: "IMAGE_INVALID", detail: "config.Cmd" }],
    [{ Entrypoint: ["a\0b"] }, { code: "IMAGE_INVALID", detail: expect.stringMatching(/^config\.Entrypoint/) }],
    [{ User: ":" }, { code: "IMAGE_INVALID", detail: expect.stringMatching(/^config\.User/) }],
    [{ User: "100000" }, { code: "USER_OUT_OF_RANGE", detail: "100000" }],
    [{ User: "nosuch" }, { code: "USER_UNKNOWN" }],
  ])("runs %j", async (config, expected) => {
    const outcome = await runWith(config, [], { level }).catch((thrown: unknown) => thrown);
    expect(outcome).toMatchObject(expected);
    const { error = outcome } = outcome as { error?: unknown };
    const { message = "", remedy = "" } = error as { message?: string; remedy?: string };
    expect(`${message} ${remedy}`).not.toMatch(INSTALLATION);
  });

  it("leaves out environment lines that are none, and says so", async () => {
    const Env = ["A=1", "BROKEN", "=x", "A=2", "odd name=3", "B=x\ny", "PATH=/bin"];
    const image = await imageWith({ Env });
    const { stdout, notes } = await run(["cat", "/proc/self/environ"], { image, level });
    const lines = stdout.split("\0");
    expect(lines).toEqual(expect.arrayContaining(["A=2", "odd name=3", "B=x\ny", "PATH=/bin"]));
    expect(lines.filter((line) => line.startsWith("=") || line.startsWith("BROKEN"))).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('"BROKEN"'), expect.stringContaining('"=x"')]);
    expect((await explain({ image, level })).notes).toEqual(notes);
  });
});

describe("the command line", () => {
  it("names what was left out of an image", async () => {
    const image = await imageWith({ Env: ["BROKEN\u001b[2J"], Cmd: ["true"] });
    const bulkhead = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
    const cli = (...args: readonly string[]) =>
      execFileSync("sh", ["-c", 'exec "$@" 2>&1', "sh", process.execPath, "--import", "tsx", bulkhead, ...args], {
        encoding: "utf8",
      });
    expect(cli("run", "--image", image)).toMatch(/^bulkhead: image: config\.Env: left out "BROKEN\\u001b\[2J"/);
    expect(cli("explain", "--image", image)).toContain('Image: config.Env: left out "BROKEN');
  });
});
